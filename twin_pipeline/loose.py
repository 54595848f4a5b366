"""Leave out what only lies in the trench: scaffold tubes, logs, sandbags on the pipe.

A pipe comes from somewhere. What ends in the open at both ends is joined to nothing.
"""

import math
from collections.abc import Sequence

import numpy as np
import shapely

from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.kernels import slabs
from twin_pipeline.model import FloatArray, Role
from twin_pipeline.stages.classify import Classified, LeftOut
from twin_pipeline.stages.classify.lying import chord_of
from twin_pipeline.stages.ends import stops_short

_MOST_OF_TRENCH = 0.5
"""Share of a trench's length from which on the longest tube is its main whatever its ends show."""

_POST_M, _UPRIGHT = 0.8, math.sin(math.radians(50.0))
_AIR_M, _BESIDE_M, _FEW_POINTS = 0.3, 0.05, 5
"""A tube that stands upright, no longer than a leg from the boot on, with air over it is a post."""
_POST = "stands upright and ends in the air"

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
        return _without_posts(found, xyz)
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


def _without_posts(
    found: Sequence[Classified], xyz: FloatArray
) -> tuple[list[Classified], list[LeftOut]]:
    """Return what is no post, as the legs of a worker are; where no ground tells it upright ones.

    Pipes that rise lead to something.
    """
    posts = [item for item in found if _is_a_post(item.tube, xyz)]
    kept = [item for item in found if not any(item is post for post in posts)]
    return kept, [LeftOut(item.tube, _POST) for item in posts]


def _is_a_post(tube: Tube, xyz: FloatArray) -> bool:
    rise = chord_of(tube)[2] / float(np.linalg.norm(chord_of(tube)))
    if tube.length_m > _POST_M or abs(rise) < _UPRIGHT:
        return False
    top, outward = (tube.nodes[-1], 1.0) if rise > 0.0 else (tube.nodes[0], -1.0)
    way = outward * chord_of(tube) / float(np.linalg.norm(chord_of(tube)))
    first = top + (tube.radius_m + 2.0 * _BESIDE_M) * way
    above = slabs.within_capsule(xyz, first, first + _AIR_M * way, tube.radius_m + _BESIDE_M)
    return len(above) < _FEW_POINTS


def _lies_free(item: Classified, xyz: FloatArray) -> bool:
    if item.role is Role.BRANCH:
        return False
    return all(stops_short(xyz, item.tube, at_start=at_start) for at_start in (True, False))
