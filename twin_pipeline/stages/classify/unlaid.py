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

_BESIDE_TRENCH_M = 0.5
_LEANS_DEG = 20.0
_SHALLOWEST_M = 0.1
"""No pipe is laid with less cover, and none but a riser comes so near to the pavement."""
_CHORD_M = 0.15
_SWING_DEG = 10.0
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
        return "lies above the pavement"
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
    """Tell whether a tube turns right and left in plan again and again."""
    chord = chord_of(tube)
    if math.hypot(chord[0], chord[1]) < _LEVEL_SHARE * float(np.linalg.norm(chord)):
        # in plan what stands upright has no course
        return False
    swings = _swings(tube)
    return swings >= _SWINGS and tube.length_m < _SWING_M * (swings + 1)


def _cover_m(tube: Tube, node: FloatArray, ground: Ground) -> float:
    """Return the cover at a node of a tube; infinite where no pavement is near."""
    elevation, _ = ground.elevation_at(node[None, :2])
    cover_m = float(elevation[0]) - float(node[2]) - tube.radius_m
    return cover_m if math.isfinite(cover_m) else math.inf


def _swings(tube: Tube) -> int:
    """Return how often the heading turns by ten degrees and more, each time the other way."""
    direction = polyline.directions(tube.nodes, _CHORD_M)
    heading = np.degrees(np.unwrap(np.arctan2(direction[:, 1], direction[:, 0])))
    swings, way, low, high = 0, 0, heading[0], heading[0]
    for now in heading:
        high = max(high, now) if way >= 0 else high
        low = min(low, now) if way <= 0 else low
        if way <= 0 and now - low >= _SWING_DEG:
            swings, way, high = swings + 1, 1, now
        elif way >= 0 and high - now >= _SWING_DEG:
            swings, way, low = swings + 1, -1, now
    return swings
