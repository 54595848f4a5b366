import numpy as np
import pytest

from stages.made import make_tube, plane_points, straight, tube_points
from twin_pipeline.stages.ends import ends_in_the_open

RADIUS_M = 0.1
TUBE = make_tube(straight(3.0, (0.0, 0.0, 0.0)), RADIUS_M)


def ground(level_m, *, first_m=-1.0, last_m=4.0, seed=1):
    """A level floor, heights above the tube's axis."""
    rng = np.random.default_rng(seed)
    return plane_points((first_m, -0.5), (last_m, 0.5), level_m, rng, per_m2=5_000.0)


def wall(x_m, seed=2):
    rng = np.random.default_rng(seed)
    y, z = rng.uniform(-0.5, 0.5, 10_000), rng.uniform(-RADIUS_M, 1.2, 10_000)
    return np.column_stack([np.full(10_000, x_m), y, z])


def open_at_end(*points, tube=TUBE, at_start=False):
    on_tube = tube_points(TUBE.nodes, RADIUS_M, np.random.default_rng(3), noise_m=0.003)
    xyz = np.vstack([on_tube, *points])
    return ends_in_the_open(xyz, tube, at_start=at_start)


@pytest.mark.parametrize("level_m", [-0.3, -RADIUS_M, 0.0, 0.05])
def test_a_pipe_ends_where_the_ground_ahead_lies_below_its_crown(level_m):
    assert open_at_end(ground(level_m))
    assert open_at_end(ground(level_m), at_start=True)


def test_each_end_is_told_by_itself():
    points = (ground(-RADIUS_M), wall(3.1))
    assert not open_at_end(*points)
    assert open_at_end(*points, at_start=True)


@pytest.mark.parametrize("x_m", [3.02, 3.1, 3.2])
def test_a_pipe_goes_on_into_a_wall(x_m):
    assert not open_at_end(ground(-RADIUS_M, last_m=x_m), wall(x_m))


def test_a_pipe_goes_on_under_a_mound():
    assert not open_at_end(ground(0.0, last_m=3.0), ground(0.15, first_m=3.0, seed=4))


def test_nothing_is_known_where_nothing_was_scanned():
    assert not open_at_end(ground(-RADIUS_M, last_m=3.05))


def test_what_hangs_over_the_end_hides_nothing():
    assert open_at_end(ground(-RADIUS_M), ground(0.9, first_m=2.5, last_m=3.5, seed=5))


def test_nothing_is_said_of_upright_pipes():
    upright = make_tube(TUBE.nodes[:, [2, 1, 0]], RADIUS_M)
    assert not open_at_end(ground(-0.5), tube=upright)
