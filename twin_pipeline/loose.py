"""Leave out what only lies in the trench: scaffold tubes, logs, sandbags on the pipe.

A pipe comes from somewhere. What ends in the open at both ends is joined to nothing.
"""

from collections.abc import Sequence

import shapely

from twin_pipeline.geometry.surface import Ground
from twin_pipeline.model import FloatArray, Role
from twin_pipeline.stages.classify import Classified, LeftOut
from twin_pipeline.stages.ends import stops_short

_MOST_OF_TRENCH = 0.5
"""Share of a trench's length from which on the longest tube is its main whatever its ends show."""

_REASON = "both its ends lie free in the trench: it is joined to nothing"


def without_loose(
    found: Sequence[Classified], ground: Ground | None, xyz: FloatArray
) -> tuple[list[Classified], list[LeftOut]]:
    """Return what is joined to something, or goes on out of sight, and what just lies there.

    Parameters
    ----------
    found
        The longest main first.
    xyz
        (N, 3) all points, metres, local frame.
    """
    if ground is None:
        return list(found), []
    trench_m = max(0.5 * shapely.LinearRing(ring).length for ring in ground.outlines)
    kept: list[Classified] = []
    loose: list[LeftOut] = []
    for number, item in enumerate(found):
        most = number == 0 and item.tube.length_m > _MOST_OF_TRENCH * trench_m
        if most or not _lies_free(item, xyz):
            kept.append(item)
        else:
            loose.append(LeftOut(item.tube, _REASON))
    return kept, loose


def _lies_free(item: Classified, xyz: FloatArray) -> bool:
    if item.role is Role.BRANCH:
        return False
    return all(stops_short(xyz, item.tube, at_start=at_start) for at_start in (True, False))
