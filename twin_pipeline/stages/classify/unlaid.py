"""Tell by how a tube lies that it was never laid as a pipe: upright, shallow, leaning, winding."""

import math

import numpy as np
import shapely

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.classify.lying import chord_of, middle_of
from twin_pipeline.stages.classify.options import ClassifyOptions

WINDS = "winds as a hose does"
ABOVE = "lies above the pavement"

_BESIDE_TRENCH_M = 0.5
_LEANS_DEG = 20.0
_SHALLOWEST_M = 0.1
"""No pipe is laid with less cover, and none but a riser comes so near to the pavement."""
_CHORD_M = 0.15
_SWING_DEG, _SLIGHT_SWING_DEG = 10.0, 4.0
_SURE_STD_M = 0.0026
"""An eighth of what a slight swing leads aside over two chords."""
_LEVEL_SHARE = 0.5
_SWINGS, _SWING_M = 4, 1.3
"""A main that leads around something turns three times; what turns again and again, each time
within so short a way, lies as a hose does."""


def why_unlaid(tube: Tube, ground: Ground, options: ClassifyOptions) -> str | None:
    """Return what of a tube's place and course tells that it is no buried pipe, if anything."""
    rise = chord_of(tube)
    slope = abs(rise[2]) / float(np.linalg.norm(rise))
    if slope > math.sin(math.radians(options.steep_deg)):
        return "stands upright"
    cover_m = _cover_m(tube, middle_of(tube), ground)
    if cover_m < 0.0:
        return ABOVE
    if cover_m < _SHALLOWEST_M:
        return f"a cover of {100.0 * cover_m:.0f} cm is less than any pipe has"
    highest = tube.nodes[int(tube.nodes[:, 2].argmax())]
    if (
        slope > math.sin(math.radians(_LEANS_DEG))
        and _cover_m(tube, highest, ground) < _SHALLOWEST_M
    ):
        return "leans out of the trench"
    inside = shapely.union_all([shapely.Polygon(ring) for ring in ground.outlines])
    if not inside.buffer(_BESIDE_TRENCH_M).intersects(shapely.LineString(tube.nodes[:, :2])):
        return "lies outside the trench"
    return WINDS if winds(tube) else None


def winds(tube: Tube) -> bool:
    """Tell whether a tube turns right and left in plan again and again.

    Slight swings tell where they lead up and down, too: a hose follows the floor it lies on, which
    a pipe bridges on its bed; one of polyethylene off the coil winds in plan alone.
    """
    chord = chord_of(tube)
    if math.hypot(chord[0], chord[1]) < _LEVEL_SHARE * float(np.linalg.norm(chord)):
        # in plan what stands upright has no course
        return False
    # what is hidden between is led straight
    seen_m = tube.length_m * float(tube.observed.mean())
    direction = polyline.directions(tube.nodes, _CHORD_M)
    heading = np.degrees(np.unwrap(np.arctan2(direction[:, 1], direction[:, 0])))
    if _again_and_again(heading, _SWING_DEG, seen_m):
        return True
    pitch = np.degrees(np.arcsin(direction[:, 2]))
    return _surely_known(tube) and all(
        _again_and_again(course, _SLIGHT_SWING_DEG, seen_m) for course in (heading, pitch)
    )


def _surely_known(tube: Tube) -> bool:
    std_m = np.maximum(tube.std_h_m, tube.std_v_m)[tube.observed]
    return bool(np.median(std_m) < _SURE_STD_M) if len(std_m) else False


def _again_and_again(course_deg: FloatArray, swing_deg: float, length_m: float) -> bool:
    swings = _swings(course_deg, swing_deg)
    return swings >= _SWINGS and length_m < _SWING_M * (swings + 1)


def _cover_m(tube: Tube, node: FloatArray, ground: Ground) -> float:
    """Return the cover at a node of a tube; infinite where no pavement is near."""
    elevation, _ = ground.elevation_at(node[None, :2])
    cover_m = float(elevation[0]) - float(node[2]) - tube.radius_m
    return cover_m if math.isfinite(cover_m) else math.inf


def _swings(course_deg: FloatArray, swing_deg: float) -> int:
    """Return how often a course (K,) turns by so much and more, each time the other way."""
    swings, way, low, high = 0, 0, course_deg[0], course_deg[0]
    for now in course_deg:
        high = max(high, now) if way >= 0 else high
        low = min(low, now) if way <= 0 else low
        if way <= 0 and now - low >= swing_deg:
            swings, way, high = swings + 1, 1, now
        elif way >= 0 and high - now >= swing_deg:
            swings, way, low = swings + 1, -1, now
    return swings
