"""Rays cast at the ground of an excavation and at solid bodies: what a scanner would see."""

from twin_pipeline.kernels.raycast.solids import BOX, ELLIPSOID, FRUSTUM, TORUS
from twin_pipeline.kernels.raycast.terrain import FLOOR, PAVEMENT, WALL, Terrain, plan_positions
from twin_pipeline.kernels.raycast.tracing import MISS, trace

__all__ = [
    "BOX",
    "ELLIPSOID",
    "FLOOR",
    "FRUSTUM",
    "MISS",
    "PAVEMENT",
    "TORUS",
    "WALL",
    "Terrain",
    "plan_positions",
    "trace",
]
