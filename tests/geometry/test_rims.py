"""Rims of a trench 10 m long beside which nothing was scanned, and of a room."""

import numpy as np
import pytest
from stages.made import pyramid_of

from twin_pipeline.geometry.polyline import acute_deg
from twin_pipeline.geometry.rims import rims_of_cloud


def dug(long_m, wide_m, *, heading_deg=0.0, grade=0.0):
    """Points of a floor and of the walls along it, 1 m high."""
    rng = np.random.default_rng(3)
    along = rng.uniform(0.0, long_m, 30_000)
    across = rng.uniform(-wide_m / 2.0, wide_m / 2.0, len(along))
    up = rng.uniform(0.0, 0.01, len(along))
    wall = rng.random(len(along)) < 0.5
    across[wall], up[wall] = np.sign(across[wall]) * wide_m / 2.0, rng.uniform(0.0, 1.0, wall.sum())
    cos, sin = np.cos(np.radians(heading_deg)), np.sin(np.radians(heading_deg))
    east, north = cos * along - sin * across, sin * along + cos * across
    return pyramid_of(np.column_stack([east, north, up + grade * along]))


@pytest.mark.parametrize(("heading_deg", "grade"), [(10.0, 0.0), (25.0, 0.06)])
def test_a_trench_has_rims_as_steep_as_its_floor(heading_deg, grade):
    rims = rims_of_cloud(dug(10.0, 1.2, heading_deg=heading_deg, grade=grade))
    course = [np.cos(np.radians(heading_deg)), np.sin(np.radians(heading_deg)), grade]
    assert not rims.paved
    longest = max(rims.legs, key=np.linalg.norm)
    assert np.linalg.norm(longest) > 8.0
    assert acute_deg(longest, np.array(course)) < 2.0


def test_a_room_has_none():
    assert rims_of_cloud(dug(4.5, 4.0)).legs == []
