"""Tell struts that look like one pipe where a trench turns."""

from itertools import pairwise

import numpy as np
import shapely

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.classify.alike import (
    EQUAL,
    HEAVY,
    ROW,
    depth_of,
    is_level,
    is_shallow,
    mates,
)
from twin_pipeline.stages.classify.options import ClassifyOptions

_UNDUG_M = 0.5
"""Of a hidden course through undug ground that is no error of the trench's outline."""
_LEG_M = 0.3


def is_struts_carried_on(
    main: Tube, struts: list[Tube], ground: Ground, options: ClassifyOptions
) -> bool:
    """Tell what looks like a main, but is of the size of a row of struts and at their depth.

    It would have to pass through them: where a trench turns, struts of its legs meet in the corner.
    """
    depth = {id(tube): depth_of(tube, ground) for tube in (main, *struts)}
    row = mates(main, struts, depth, EQUAL)
    return len(row) >= ROW and is_level(main, options, thickest=HEAVY)


def are_struts_joined(
    tube: Tube, tubes: list[Tube], ground: Ground, options: ClassifyOptions
) -> bool:
    """Tell two struts that were taken for one pipe around a corner of the trench.

    Each is seen from wall to wall and no farther: the bend between would lie in undug ground, and
    no pipe lies so shallow, or passes a trench twice level with another of its size.
    """
    depth = {id(other): depth_of(other, ground) for other in tubes}
    set_as_struts = is_shallow(tube, depth, options) or mates(tube, tubes, depth, EQUAL)
    if not (set_as_struts and is_level(tube, options, thickest=HEAVY)):
        return False
    dug = shapely.union_all([shapely.Polygon(ring) for ring in ground.outlines])
    seen = np.flatnonzero(tube.observed)
    chainage = polyline.chainage(tube.nodes)
    for first, last in pairwise(seen):
        hidden = shapely.LineString(tube.nodes[first : last + 1, :2])
        undug_m = hidden.difference(dug).length
        if undug_m > _UNDUG_M and _turn_deg(tube, chainage, first, last) > options.max_parallel_deg:
            return True
    return False


def _turn_deg(tube: Tube, chainage: FloatArray, first: int, last: int) -> float:
    """Return the angle between the ways that a tube comes to a hidden stretch and goes on."""
    before = int(np.searchsorted(chainage, chainage[first] - _LEG_M))
    behind = min(int(np.searchsorted(chainage, chainage[last] + _LEG_M)), len(chainage) - 1)
    if before == first or behind == last:
        return 0.0
    comes, goes = tube.nodes[first] - tube.nodes[before], tube.nodes[behind] - tube.nodes[last]
    return polyline.acute_deg(comes, goes)
