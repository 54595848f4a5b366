"""Between a scene's site frame and the scan frame."""

import math

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic.scene import Scene


def to_scan(scene: Scene, points: FloatArray) -> FloatArray:
    """(N, 3) easting, northing, elevation of points in the site frame."""
    origin = np.array([scene.easting_m, scene.northing_m, scene.elevation_m])
    return np.asarray(points @ _axes(scene) + origin)


def to_site(scene: Scene, points: FloatArray) -> FloatArray:
    """(N, 3) site frame of points in the scan frame."""
    origin = np.array([scene.easting_m, scene.northing_m, scene.elevation_m])
    return np.asarray((points - origin) @ _axes(scene).T)


def _axes(scene: Scene) -> FloatArray:
    """Axes of the site frame in easting, northing, elevation, one a row."""
    azimuth = math.radians(scene.azimuth_deg)
    s, c = math.sin(azimuth), math.cos(azimuth)
    return np.array([[s, c, 0.0], [-c, s, 0.0], [0.0, 0.0, 1.0]])
