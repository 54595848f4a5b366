"""Narrow strips of pavement along a trench 12 m long, and what lies over it."""

import numpy as np
import pytest
import shapely
from stages.made import plane_points, pyramid_of

from twin_pipeline.geometry.paving import over_or_in, with_strips
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.ground import GroundOptions, find_ground

LENGTH_M, HALF_M = 12.0, 0.6
HOLE = shapely.box(0.0, -HALF_M, LENGTH_M, HALF_M)
SLOPE = (0.06, 0.02)


def level(x: FloatArray, y: FloatArray) -> FloatArray:
    return SLOPE[0] * x + SLOPE[1] * y


def pieces(x: tuple[float, float], y: tuple[float, float], above_m: float = 0.0) -> FloatArray:
    rng = np.random.default_rng(round(100 * (x[0] + y[0])) % 1000)
    at_x, at_y = (a.ravel() for a in np.meshgrid(np.arange(*x, 0.1), np.arange(*y, 0.1)))
    noise = rng.normal(0.0, 0.001, len(at_x))
    return np.column_stack([at_x, at_y, level(at_x, at_y) + above_m + noise])


def test_strips_are_taken_one_after_the_other_and_heaps_are_not():
    start = pieces((-1.5, 0.0), (-1.0, 1.0))
    strips = [pieces((at, at + 1.5), (0.65, 0.85)) for at in (1.0, 4.0, 8.0)]
    heap = pieces((2.0, 5.0), (-1.2, -0.7), above_m=0.25)
    alone = pieces((6.0, 6.1), (-0.7, -0.6))
    ground = with_strips(Ground(start, 0.0, ()), np.vstack([start, *strips, heap, alone]))
    assert len(ground.patches) == len(start) + sum(map(len, strips))


@pytest.mark.parametrize("above_m", [0.045, -0.02])
def test_the_end_of_a_plank_beside_the_trench_is_no_pavement(above_m):
    plank = pieces((6.0, 6.3), (-1.0, 1.0), above_m)
    ends = [pieces((-1.5, 0.0), (-1.0, 1.0)), pieces((12.1, 13.5), (-1.0, 1.0))]
    taken = over_or_in(np.vstack([*ends, plank]), [HOLE], Ground(np.vstack(ends), 0.0, ()))
    assert taken.sum() == len(plank)


def test_pavement_that_hangs_over_the_edge_a_little_stays():
    edge = pieces((6.0, 8.0), (0.42, 1.0))
    taken = over_or_in(edge, [HOLE], Ground(edge, 0.0, ()))
    assert np.array_equal(taken, edge[:, 1] < HALF_M + 0.05)


def seen_from_inside(rng: np.random.Generator) -> list[FloatArray]:
    """A trench with sloped walls; of the pavement one end and some narrow strips were scanned."""
    floor = plane_points((0.0, -HALF_M + 0.3), (LENGTH_M, HALF_M - 0.3), -1.0, rng, slope=SLOPE)
    x, down = rng.uniform(0.0, LENGTH_M, 60_000), rng.uniform(0.0, 1.0, 60_000)
    y = rng.choice([-1.0, 1.0], 60_000) * (HALF_M - 0.3 * down) + rng.normal(0.0, 0.008, 60_000)
    walls = np.column_stack([x, y, level(x, y) - down])
    end = plane_points((LENGTH_M, -0.9), (LENGTH_M + 1.4, 0.9), 0.0, rng, slope=SLOPE)
    strips = [
        plane_points((at, low), (at + 1.3, low + 0.2), 0.0, rng, slope=SLOPE)
        for at, low in ((0.2, -0.82), (0.4, 0.62), (4.7, -0.82), (5.4, 0.62), (8.0, -0.82))
    ]
    return [floor, walls, end, *strips]


def test_narrow_strips_are_enough_of_a_pavement():
    ground = find_ground(
        pyramid_of(np.vstack(seen_from_inside(np.random.default_rng(1)))), GroundOptions()
    )
    assert ground is not None
    middle = np.column_stack([np.linspace(0.5, LENGTH_M - 0.5, 12), np.zeros(12)])
    elevation, std = ground.elevation_at(middle)
    off = np.abs(elevation - level(*middle.T))
    assert off.max() < 0.005
    assert np.all(off < 2.0 * std + 0.003)
    (ring,) = ground.outlines
    assert shapely.Polygon(ring).hausdorff_distance(HOLE) < 0.4
