"""Tell struts that were taken for one pipe with the wale that they prop."""

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.classify.lying import among, trench_width_m
from twin_pipeline.stages.classify.options import ClassifyOptions
from twin_pipeline.stages.classify.struts import has_mates, is_set_as_a_strut

_CHORD_M, _SHORTEST_M = 0.3, 0.4
"""What leads to a turn and from it, and the shortest leg between turns that has a direction."""
_WIDER = 1.2
"""Of the trench's width, what a leg may be long that leads across it."""


def are_struts_and_wale(
    tube: Tube, tubes: list[Tube], ground: Ground, options: ClassifyOptions
) -> bool:
    """Tell a row of struts of which some were joined to one pipe along the wale between them.

    A pipe turns for reasons; none turns at the wall, shallower than any utility may lie, to lead
    across the trench as struts do.
    """
    legs = _legs(tube, options.max_parallel_deg)
    if len(legs) < 2:
        return False
    width_m = trench_width_m(tube, ground)
    across = [leg for leg in legs if leg.length_m < _WIDER * width_m]
    others = [other for other in tubes if other is not tube]
    row = [each for each in (*across, *others) if is_set_as_a_strut(each, ground, options)]
    return any(among(leg, row) and has_mates(leg, row, ground) for leg in across)


def _legs(tube: Tube, turn_deg: float) -> list[Tube]:
    """Return what of a tube lies between its turns."""
    straight = _turns_deg(tube.nodes) < turn_deg
    spans = stretches(straight)
    number = np.arange(len(straight))
    legs = [tube.without((number < first) | (number > last)) for first, last in spans]
    return [leg for leg in legs if leg.length_m > _SHORTEST_M]


def _turns_deg(nodes: FloatArray) -> FloatArray:
    """Return by how much a line (K, 3) turns around each of its nodes (K,)."""
    at = polyline.chainage(nodes)
    ahead = polyline.along(nodes, nodes, np.minimum(at + _CHORD_M, at[-1]))
    behind = polyline.along(nodes, nodes, np.maximum(at - _CHORD_M, 0.0))
    comes, goes = nodes - behind, ahead - nodes
    lengths = np.linalg.norm(comes, axis=1) * np.linalg.norm(goes, axis=1)
    cosine = np.einsum("ij,ij->i", comes, goes) / np.maximum(lengths, 1e-9)
    # where a line begins or ends it turns nowhere
    cosine[lengths == 0.0] = 1.0
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
