"""The ground on pavements and slots whose levels are known on paper."""

import numpy as np
import pytest
import shapely

from stages.made import plane_points, pyramid_of
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.ground import GroundOptions, find_ground

LENGTH_M, WIDTH_M, DEPTH_M = 6.0, 1.0, 1.3
SLOPE = (0.01, 0.03)
Z_M = 0.4
MIDDLE = np.column_stack([np.linspace(0.5, LENGTH_M - 0.5, 9), np.zeros(9)])


def in_slot(xyz: FloatArray) -> FloatArray:
    return (xyz[:, 0] > 0) & (xyz[:, 0] < LENGTH_M) & (np.abs(xyz[:, 1]) < WIDTH_M / 2)


def pavement(rng: np.random.Generator, margin_m: float = 1.5) -> FloatArray:
    lower = (-margin_m, -WIDTH_M / 2 - margin_m)
    upper = (LENGTH_M + margin_m, WIDTH_M / 2 + margin_m)
    points = plane_points(lower, upper, Z_M, rng, slope=SLOPE)
    return points[~in_slot(points)]


def slot(rng: np.random.Generator) -> FloatArray:
    """Floor and the two long walls, both rough."""
    low, high = (0.0, -WIDTH_M / 2), (LENGTH_M, WIDTH_M / 2)
    floor = plane_points(low, high, Z_M - DEPTH_M, rng, noise_m=0.012, slope=SLOPE)
    walls = []
    for side in (-0.5, 0.5):
        x, down = rng.uniform(0, LENGTH_M, 15_000), rng.uniform(0, DEPTH_M, 15_000)
        y = side * WIDTH_M + rng.normal(0.0, 0.012, 15_000)
        walls.append(np.column_stack([x, y, level(x, y) - down]))
    return np.vstack([floor, *walls])


def level(x: FloatArray, y: FloatArray) -> FloatArray:
    return Z_M + SLOPE[0] * x + SLOPE[1] * y


def found(*parts: FloatArray) -> Ground:
    ground = find_ground(pyramid_of(np.vstack(parts)), GroundOptions())
    assert ground is not None
    return ground


def errors_m(ground: Ground) -> FloatArray:
    elevation, _ = ground.elevation_at(MIDDLE)
    return elevation - level(*MIDDLE.T)


def test_sloping_pavement_is_carried_over_the_trench():
    rng = np.random.default_rng(1)
    ground = found(pavement(rng), slot(rng))
    assert np.abs(errors_m(ground)).max() < 0.002
    _, std = ground.elevation_at(MIDDLE)
    assert np.all((std >= ground.std_floor_m) & (std < 0.006))


def test_outline_is_that_of_the_slot():
    rng = np.random.default_rng(2)
    (ring,) = found(pavement(rng), slot(rng)).outlines
    assert np.array_equal(ring[0], ring[-1])
    truth = shapely.box(0.0, -WIDTH_M / 2, LENGTH_M, WIDTH_M / 2)
    assert shapely.Polygon(ring).hausdorff_distance(truth) < 0.25


def test_no_patch_of_ground_lies_in_the_trench():
    rng = np.random.default_rng(3)
    ground = found(pavement(rng), slot(rng))
    assert not in_slot(ground.patches).any()
    assert ground.patches[:, 2] == pytest.approx(level(*ground.patches[:, :2].T), abs=0.02)


def test_spoil_beside_the_trench_does_not_lift_the_ground():
    rng = np.random.default_rng(4)
    heap = plane_points((1.0, 0.7), (5.0, 1.9), 0.0, rng)
    across = np.clip((heap[:, 1] - 0.7) / 0.6, 0.0, 1.0) * np.clip(
        (1.9 - heap[:, 1]) / 0.6, 0.0, 1.0
    )
    heap[:, 2] = level(*heap[:, :2].T) + 0.45 * across + rng.normal(0.0, 0.02, len(heap))
    bare = pavement(rng)
    hidden = (bare[:, 0] > 1.0) & (bare[:, 0] < 5.0) & (bare[:, 1] > 0.7) & (bare[:, 1] < 1.9)
    ground = found(bare[~hidden], heap, slot(rng))
    assert np.abs(errors_m(ground)).max() < 0.006


def test_stray_points_below_the_pavement_dig_no_trench():
    rng = np.random.default_rng(6)
    stray = rng.uniform([-2.0, -2.0, -1.5], [10.0, 3.0, 2.0], (4000, 3))
    ground = found(pavement(rng), slot(rng), stray)
    with_none = found(pavement(np.random.default_rng(6)), slot(np.random.default_rng(6)))
    outline, expected = (shapely.Polygon(g.outlines[0]) for g in (ground, with_none))
    assert outline.symmetric_difference(expected).area < 0.1 * expected.area
    assert np.abs(errors_m(ground)).max() < 0.004


def test_a_plank_across_the_trench_is_no_ground():
    """Nor is it where it hides the floor, so that nothing lower is seen there."""
    rng = np.random.default_rng(5)
    plank = plane_points((2.8, -0.9), (3.1, 0.9), Z_M + 0.045, rng, slope=SLOPE)
    around = np.vstack([pavement(rng), slot(rng)])
    hidden = (around[:, 0] > 2.8) & (around[:, 0] < 3.1) & (np.abs(around[:, 1]) < 0.9)
    ground = found(around[~hidden], plank)
    assert np.abs(errors_m(ground)).max() < 0.004


def test_pavement_on_one_side_is_enough_and_less_sure():
    rng = np.random.default_rng(6)
    both = pavement(rng)
    inside = slot(rng)
    one = both[both[:, 1] > -WIDTH_M / 2]
    ground = found(one[(one[:, 0] > 0) & (one[:, 0] < LENGTH_M)], inside)
    assert np.abs(errors_m(ground)).max() < 0.01
    _, std = ground.elevation_at(MIDDLE)
    _, std_both = found(both, inside).elevation_at(MIDDLE)
    assert np.all(std > std_both)


def test_pavement_at_the_ends_is_enough_where_walls_reach_up_to_it():
    rng = np.random.default_rng(11)
    around = pavement(rng)
    ground = found(around[(around[:, 0] < -0.1) | (around[:, 0] > LENGTH_M + 0.1)], slot(rng))
    assert np.abs(errors_m(ground)).max() < 0.02


def test_walls_that_end_lower_than_the_pavement_at_the_ends_make_no_trench():
    rng = np.random.default_rng(12)
    around, below = pavement(rng), slot(rng)
    ends = around[(around[:, 0] < -0.1) | (around[:, 0] > LENGTH_M + 0.1)]
    low = below[below[:, 2] < level(*below[:, :2].T) - 0.5]
    assert find_ground(pyramid_of(np.vstack([ends, low])), GroundOptions()) is None


def test_elevation_is_nan_far_from_any_pavement():
    rng = np.random.default_rng(7)
    elevation, std = found(pavement(rng), slot(rng)).elevation_at(np.array([[100.0, 0.0]]))
    assert np.isnan(elevation).all()
    assert np.isnan(std).all()


def test_a_pavement_without_trench_has_no_ground():
    rng = np.random.default_rng(8)
    whole = plane_points((-1.0, -1.0), (6.0, 2.0), 0.0, rng)
    assert find_ground(pyramid_of(whole), GroundOptions()) is None


def test_a_floor_with_a_platform_above_it_is_no_excavation():
    """What lies lower goes round what lies higher, as around a table or a machine's base."""
    rng = np.random.default_rng(9)
    floor = plane_points((-3.0, -3.0), (5.0, 5.0), 0.0, rng, per_m2=1_500.0)
    under = (floor[:, 0] > 0) & (floor[:, 0] < 2) & (floor[:, 1] > 0) & (floor[:, 1] < 2)
    top = plane_points((0.0, 0.0), (2.0, 2.0), 0.8, rng)
    ground = find_ground(pyramid_of(np.vstack([floor[~under], top])), GroundOptions())
    assert ground is None


def test_a_floor_beside_a_dock_is_no_excavation():
    """What lies higher borders the floor on one of its sides only."""
    rng = np.random.default_rng(13)
    floor = plane_points((0.0, 0.0), (5.0, 5.0), 0.0, rng, per_m2=1_500.0)
    dock = plane_points((-2.0, 0.0), (0.0, 5.0), 1.1, rng, per_m2=1_500.0)
    assert find_ground(pyramid_of(np.vstack([floor, dock])), GroundOptions()) is None


def test_points_without_any_level_surface_have_no_ground():
    rng = np.random.default_rng(10)
    wall = plane_points((0.0, 0.0), (3.0, 2.0), 0.0, rng)[:, [0, 2, 1]]
    assert find_ground(pyramid_of(wall), GroundOptions()) is None


def test_ground_does_not_depend_on_the_order_of_points():
    rng = np.random.default_rng(11)
    points = np.vstack([pavement(rng), slot(rng)])
    first, second = found(points), found(points[rng.permutation(len(points))])
    assert second.elevation_at(MIDDLE)[0] == pytest.approx(first.elevation_at(MIDDLE)[0], abs=1e-6)


def test_two_trenches_have_two_outlines():
    rng = np.random.default_rng(12)
    bare = plane_points((-1.5, -2.0), (9.5, 2.0), 0.0, rng)
    parts = [bare]
    for start in (0.0, 5.0):
        dug = (
            (parts[0][:, 0] > start) & (parts[0][:, 0] < start + 3) & (np.abs(parts[0][:, 1]) < 0.5)
        )
        parts[0] = parts[0][~dug]
        parts.append(plane_points((start, -0.5), (start + 3.0, 0.5), -1.2, rng))
    assert len(found(*parts).outlines) == 2


def test_crown_of_a_pipe_in_a_wide_trench_is_no_pavement():
    """It is a level strip, from which the bedding falls off on either side."""
    rng = np.random.default_rng(14)
    half_m, deep_m = 2.6, 1.3
    around = plane_points((0.0, -half_m - 1.5), (6.0, half_m + 1.5), Z_M, rng)
    dug = np.abs(around[:, 1]) < half_m
    floor = plane_points((0.0, -half_m), (6.0, half_m), Z_M - deep_m, rng, noise_m=0.03)
    crown = plane_points((0.5, -0.15), (5.5, 0.15), Z_M - deep_m + 0.2, rng)
    under = (np.abs(floor[:, 1]) < 0.15) & (np.abs(floor[:, 0] - 3.0) < 2.5)
    ground = found(around[~dug], floor[~under], crown)
    assert ground.patches[:, 2].min() > Z_M - 0.05
    assert sum(shapely.Polygon(ring).area for ring in ground.outlines) > 0.9 * 6.0 * 2 * half_m


def test_crown_of_a_large_pipe_is_no_pavement_where_none_was_scanned():
    """It is the highest level strip; the bedding on either side of it lies as deep as a trench."""
    rng = np.random.default_rng(15)
    half_m, radius_m, bedding_m = 0.85, 0.37, -0.55
    angle, along = rng.uniform(-1.9, 1.9, 30_000), rng.uniform(0.0, 8.0, 30_000)
    on_pipe = np.column_stack([
        along, radius_m * np.sin(angle), Z_M + radius_m * (np.cos(angle) - 1.0),
    ])  # fmt: skip
    floor = plane_points((0.0, -half_m), (8.0, half_m), Z_M + bedding_m, rng, noise_m=0.03)
    floor = floor[np.abs(floor[:, 1]) > radius_m]
    side = rng.choice([-half_m, half_m], 30_000)
    up = Z_M + rng.uniform(bedding_m, 0.8, 30_000)
    walls = np.column_stack([rng.uniform(0.0, 8.0, 30_000), side, up])
    cos, sin = np.cos(0.6), np.sin(0.6)
    points = np.vstack([on_pipe, floor, walls]) @ [
        [cos, sin, 0.0],
        [-sin, cos, 0.0],
        [0.0, 0.0, 1.0],
    ]
    assert find_ground(pyramid_of(points), GroundOptions()) is None
