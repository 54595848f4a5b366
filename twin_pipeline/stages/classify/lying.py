"""How tubes lie: to each other, to a main and to the trench.

Frame: local, metres.
"""

import math
from collections.abc import Sequence

import numpy as np
import shapely

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray

_LEG_M = 1.0
"""So far on a main is straight again where it bends beside a strut."""
_PLACES = (0.1, 0.3, 0.5, 0.7, 0.9)
_ALONG_DEG = 45.0
_WIDTHS = 2.5
"""From so many trench widths on a tube in it can only run along it."""


def trench_direction(ground: Ground, at: FloatArray) -> FloatArray:
    """Return the horizontal direction (3,) of the trench's longer side around a point."""
    rings = shapely.union_all([shapely.Polygon(ring) for ring in ground.outlines])
    near = rings.intersection(shapely.Point(at[:2]).buffer(3.0))
    box = shapely.get_coordinates(shapely.minimum_rotated_rectangle(near))
    sides = np.diff(box[:3], axis=0)
    longer = sides[np.argmax(np.linalg.norm(sides, axis=1))]
    return np.append(longer / np.linalg.norm(longer), 0.0)


def chord_of(tube: Tube) -> FloatArray:
    """Return the vector (3,) from a tube's first end to its last, metres."""
    return tube.nodes[-1] - tube.nodes[0]


def middle_of(tube: Tube) -> FloatArray:
    """Return the node (3,) in the middle of a tube, metres."""
    return np.asarray(tube.nodes[len(tube.nodes) // 2])


def trench_width_m(tube: Tube, ground: Ground) -> float:
    """Return the width of the trench that a tube lies in, as of a band with its area and rim."""
    line = shapely.LineString(tube.nodes[:, :2])
    rings = [shapely.Polygon(ring) for ring in ground.outlines]
    around = max(rings, key=lambda ring: ring.intersection(line).length)
    half_rim = 0.5 * around.length
    return 0.5 * (half_rim - math.sqrt(max(half_rim**2 - 4.0 * around.area, 0.0)))


def is_longer_than_any_way_across(tube: Tube, ground: Ground) -> bool:
    """Tell whether a tube is so long that it can only run along its trench, or an arm of it."""
    return tube.length_m > _WIDTHS * trench_width_m(tube, ground)


def runs_with_the_trench(tube: Tube, ground: Ground) -> bool:
    """Tell whether most of a tube does; in a corner neither has one direction.

    What is far longer than the trench is wide has no other way to go.
    """
    if is_longer_than_any_way_across(tube, ground):
        return True
    direction, count = polyline.directions(tube.nodes, 0.5), len(tube.nodes)
    places = [round(share * (count - 1)) for share in _PLACES]
    angles = [
        polyline.acute_deg(direction[k], trench_direction(ground, tube.nodes[k])) for k in places
    ]
    return float(np.median(angles)) < _ALONG_DEG


def angle_between(tube: Tube, main: Tube) -> float:
    """Return the horizontal angle of a tube to the main where they are nearest, degrees."""
    nearest = int(np.argmin(np.linalg.norm(main.nodes - middle_of(tube), axis=1)))
    direction = polyline.directions(main.nodes, 0.5)[nearest].copy()
    chord = chord_of(tube).copy()
    direction[2] = chord[2] = 0.0
    return polyline.acute_deg(chord, direction)


def squarest_deg(tube: Tube, main: Tube) -> float:
    """Return how square a tube stands to a main near it, degrees; by a bend, to either leg."""
    off_m = np.linalg.norm(main.nodes - middle_of(tube), axis=1)
    chord = chord_of(tube) * np.array([1.0, 1.0, 0.0])
    legs = polyline.directions(main.nodes, 0.5)[off_m < off_m.min() + _LEG_M].copy()
    legs[:, 2] = 0.0
    return max(polyline.acute_deg(chord, leg) for leg in legs)


def among(tube: Tube, others: Sequence[Tube]) -> bool:
    """Tell whether a tube is one of others, which know no equality."""
    return any(tube is other for other in others)


def ends_off(tube: Tube, main: Tube) -> list[float]:
    """Return how far the ends of a tube are from a main's axis."""
    return [float(np.linalg.norm(main.nodes - end, axis=1).min()) for end in tube.nodes[[0, -1]]]


def reach_m(main: Tube) -> float:
    """Return how far from a main's axis the end of what leaves it may be seen."""
    return main.radius_m + 0.3 * 2.0 * main.radius_m + 0.15
