"""Planes through scattered elevations, against plain NumPy and against their truth."""

import numpy as np
import pytest
from shapes import random_motion

from twin_pipeline.kernels import plane

SLOPE = np.array([0.03, -0.02])
HEIGHT_M = 1.25
SCALE_M = 0.01
ALL = 10_000
"""More neighbours to an eighth of the horizon than there are: none is left out."""


def _scattered(rng: np.random.Generator, count: int, noise_m: float = 0.0) -> np.ndarray:
    """Return elevations (G, 3) on a sloping plane around the origin, in no order."""
    xy = rng.uniform(-3.5, 3.5, (count, 2))
    z = HEIGHT_M + xy @ SLOPE + rng.normal(0.0, noise_m, count)
    return np.column_stack([xy, z])


def _at(points, elevations: np.ndarray, per_octant: int = ALL, groups=None, scale_m=SCALE_M):
    """Return height and std at points, from all elevations unless groups of them are given."""
    points = np.asarray(points, float)
    groups = [np.arange(len(elevations))] * len(points) if groups is None else groups
    first = np.cumsum([0, *map(len, groups)])
    joined = np.concatenate([np.empty(0, np.int64), *groups]).astype(np.int64)
    return plane.planes_at(points, elevations, joined, first, per_octant, scale_m, 0.03)


ORIGIN = np.zeros((1, 2))


def _slow_plane(point: np.ndarray, elevations: np.ndarray, per_octant: int) -> tuple[float, float]:
    offset = elevations[:, :2] - point
    degrees = np.degrees(np.arctan2(offset[:, 1], offset[:, 0])) + 180.0
    octant = np.floor(degrees / 45.0).astype(int) % 8
    sides = [np.flatnonzero(octant == o) for o in range(8)]
    kept = np.concatenate([own[:: max(len(own) // per_octant, 1)] for own in sides])
    offset, z = offset[kept], elevations[kept, 2]
    design = np.column_stack([np.ones(len(z)), offset])
    near = 1.0 / (1.0 + np.hypot(*offset.T)) ** 2
    ridge = np.diag([0.0, 1e-9, 1e-9])
    weights = np.ones(len(z))
    for iteration in range(12):
        normal = design.T @ (weights[:, None] * design) + ridge
        residual = z - design @ np.linalg.solve(normal, design.T @ (weights * z))
        limit = max(4.0 * 1.4826 * np.median(np.abs(residual)), SCALE_M)
        if iteration < 6:
            weights = 1.0 / np.maximum(np.abs(residual), 0.003)
        else:
            weights = near * np.maximum(1.0 - (residual / limit) ** 2, 0.0) ** 2
    normal = design.T @ (weights[:, None] * design) + ridge
    height = np.linalg.solve(normal, design.T @ (weights * z))[0]
    variance = np.sum(weights * residual**2) / np.sum(weights)
    share = np.sum(weights) * 10.0 / np.sum(weights > 0.0)
    return height, np.sqrt(variance * np.linalg.inv(normal)[0, 0] * share)


@pytest.mark.parametrize("per_octant", [7, 20, 40, ALL])
@pytest.mark.parametrize("seed", [1, 2])
def test_planes_are_those_of_the_slow_way(seed, per_octant):
    """Far from even around the point, with a few of the elevations off the plane."""
    rng = np.random.default_rng(seed)
    elevations = _scattered(rng, 500, 0.002)
    elevations = elevations[(elevations[:, 0] > -1.0) | (rng.random(500) < 0.3)]
    off = rng.random(len(elevations)) < 0.05
    elevations[off, 2] += rng.uniform(0.0, 0.3, off.sum())
    points = rng.uniform(-2.0, 2.0, (6, 2))
    groups = [rng.permutation(len(elevations))[: 60 * k] for k in range(1, 7)]
    height, std = _at(points, elevations, per_octant, groups)
    for k, (point, own) in enumerate(zip(points, groups, strict=True)):
        slow = _slow_plane(point, elevations[own], per_octant)
        assert (height[k], std[k]) == pytest.approx(slow, rel=1e-5, abs=1e-8)
    assert (std > 0.0001).all()


@pytest.mark.parametrize("count", [8, 12, 300])
@pytest.mark.parametrize("per_octant", [1, 40])
def test_an_exact_plane_is_recovered(count, per_octant):
    elevations = _scattered(np.random.default_rng(3), count)
    points = np.array([[0.0, 0.0], [1.0, -2.0], [-0.4, 0.2]])
    height, std = _at(points, elevations, per_octant if count == 300 else ALL)
    np.testing.assert_allclose(height, HEIGHT_M + points @ SLOPE, atol=1e-8)
    assert std.max() < 1e-6


def _beside_a_trench(rng: np.random.Generator) -> np.ndarray:
    """Return pavement within 3.5 m on both sides of a trench along x."""
    elevations = _scattered(rng, 1800, 0.003)
    around = np.hypot(elevations[:, 0], elevations[:, 1]) < 3.5
    return elevations[around & (np.abs(elevations[:, 1]) > 0.5)]


def _error_under_a_heap(seed: int, lies: str, share: float, heap_m: float) -> float:
    """Return how far a heap on one side, over a share of all elevations, lifts the plane."""
    rng = np.random.default_rng([4, seed])
    elevations = _beside_a_trench(rng)
    x, y, _ = elevations.T
    on_side = {"far": y, "near": -y, "corner": x, "all over": rng.random(len(y))}[lies]
    rank = np.where(y > 0.0, on_side, -np.inf)
    heap = rank > np.quantile(rank, 1.0 - share)
    assert heap.mean() == pytest.approx(share, abs=0.01)
    elevations[heap, 2] += heap_m * rng.uniform(0.8, 1.2, heap.sum())
    (height,), _ = _at(ORIGIN, elevations, 40)
    return float(height - HEIGHT_M)


@pytest.mark.parametrize(
    ("lies", "share"),
    [
        ("far", 0.1),
        ("far", 0.2),
        ("near", 0.1),
        ("near", 0.2),
        ("corner", 0.18),
        ("all over", 0.2),
    ],
)
@pytest.mark.parametrize("heap_m", [0.05, 0.3, 1.0])
def test_a_heap_on_one_side_does_not_lift_the_plane(heap_m, lies, share):
    errors = [_error_under_a_heap(seed, lies, share, heap_m) for seed in range(6)]
    assert np.abs(errors).max() < 0.002


@pytest.mark.parametrize("share", [0.35, 0.45])
@pytest.mark.parametrize("lies", ["far", "near", "corner", "all over"])
def test_a_heap_over_a_third_does_not_lift_the_plane(lies, share):
    errors = [_error_under_a_heap(seed, lies, share, 0.3) for seed in range(6)]
    assert np.abs(errors).max() < 0.003


@pytest.mark.parametrize("kerb_m", [0.05, 0.15, 0.3])
@pytest.mark.parametrize("from_y_m", [-0.7, 0.5, 1.0, 2.0])
def test_a_footway_on_one_side_is_not_mixed_with_the_road(kerb_m, from_y_m):
    """Where both are as near it is open which one the trench was dug in, and the std says so."""
    for seed in range(6):
        elevations = _beside_a_trench(np.random.default_rng([5, seed]))
        elevations[elevations[:, 1] > from_y_m, 2] += kerb_m
        (height,), (std,) = _at(ORIGIN, elevations, 40)
        to_road, to_footway = abs(height - HEIGHT_M), abs(height - HEIGHT_M - kerb_m)
        assert min(to_road, to_footway) < max(0.003, 2.5 * std)
        assert min(to_road, to_footway) < 0.003 or kerb_m < 0.1
        wrong = to_road if from_y_m > 0.5 else to_footway if from_y_m < 0.0 else kerb_m
        assert wrong < 0.003 or std > 0.25 * kerb_m


def test_a_plank_at_the_edge_does_not_draw_the_plane():
    """It is the nearest there is, and on one side there is nothing else as near."""
    rng = np.random.default_rng(5)
    elevations = _beside_a_trench(rng)
    plank = (elevations[:, 1] > 0.0) & (elevations[:, 1] < 1.0)
    elevations[plank, 2] += 0.05
    (height,), _ = _at(ORIGIN, elevations, 40)
    assert 0.1 < plank.mean() < 0.15
    assert abs(height - HEIGHT_M) < 0.003


def test_the_nearest_count_most():
    """On a hollow that steepens outwards, a plane is lifted less than one through all evenly."""
    rng = np.random.default_rng(6)
    elevations = _scattered(rng, 2000, 0.001)
    elevations[:, 2] += 0.01 * np.hypot(elevations[:, 0], elevations[:, 1]) ** 2
    (height,), _ = _at(ORIGIN, elevations, scale_m=1.0)
    design = np.column_stack([np.ones(2000), elevations[:, :2]])
    evenly = np.linalg.lstsq(design, elevations[:, 2], rcond=None)[0][0]
    assert abs(height - HEIGHT_M) < 0.75 * abs(evenly - HEIGHT_M)


def test_each_eighth_of_the_horizon_counts_evenly():
    """A crowd on one side, a little higher, weighs no more than the few of any other side."""
    rng = np.random.default_rng(7)
    few = _scattered(rng, 400)
    crowd = _scattered(rng, 30_000)
    crowd = crowd[(crowd[:, 0] > 1.0) & (np.abs(crowd[:, 1]) < 0.5 * crowd[:, 0])]
    crowd[:, 2] += 0.008
    both = np.vstack([few, crowd])
    (thinned,), _ = _at(ORIGIN, both, 40, scale_m=0.05)
    (crowded,), _ = _at(ORIGIN, both, ALL, scale_m=0.05)
    assert abs(thinned - HEIGHT_M) < 0.6 * abs(crowded - HEIGHT_M)


@pytest.mark.parametrize("count", [80, 800])
def test_std_is_that_of_many_pavements_whose_errors_ten_share(count):
    rng = np.random.default_rng(8)
    heights, stds = [], []
    for _ in range(150):
        places = np.repeat(_scattered(rng, count // 10), 10, axis=0)
        places[:, :2] += rng.uniform(-0.05, 0.05, (count, 2))
        error = np.repeat(rng.normal(0.0, 0.004, count // 10), 10)
        places[:, 2] = HEIGHT_M + places[:, :2] @ SLOPE + error
        (height,), (std,) = _at(ORIGIN, places, scale_m=0.02)
        heights.append(height)
        stds.append(std)
    assert abs(np.mean(heights) - HEIGHT_M) < 4.0 * np.std(heights) / np.sqrt(150)
    assert 0.5 < np.sqrt(np.mean(np.square(stds))) / np.std(heights) < 2.0


@pytest.mark.parametrize("reach_m", [0.0, 0.4, 3.0, 20.0])
def test_neighbours_are_those_within_reach(reach_m):
    rng = np.random.default_rng(12)
    elevations = _scattered(rng, 300)
    points = np.vstack([rng.uniform(-5.0, 5.0, (20, 2)), elevations[[0, 299], :2]])
    neighbours, first = plane.neighbours_within(points, elevations, reach_m)
    assert len(first) == 23
    for k, point in enumerate(points):
        away = np.hypot(*(elevations[:, :2] - point).T)
        expected = np.flatnonzero(away <= reach_m)
        assert neighbours[first[k] : first[k + 1]].tolist() == expected.tolist()


@pytest.mark.parametrize(("points", "elevations"), [(0, 5), (3, 0)])
def test_without_points_or_elevations_there_are_no_neighbours(points, elevations):
    neighbours, first = plane.neighbours_within(np.zeros((points, 2)), np.zeros((elevations, 3)), 1)
    assert neighbours.shape == (0,)
    assert first.tolist() == [0] * (points + 1)


def test_too_few_neighbours_tell_nothing():
    elevations = _scattered(np.random.default_rng(9), 20)
    groups = [np.arange(0), np.arange(7), np.arange(8), np.arange(20)]
    height, std = _at(np.zeros((4, 2)), elevations, groups=groups)
    assert np.isnan(height).tolist() == np.isnan(std).tolist() == [True, True, False, False]
    np.testing.assert_allclose(height[2:], HEIGHT_M, atol=1e-8)
    nothing = _at(np.empty((0, 2)), elevations, groups=[])
    assert [array.shape for array in nothing] == [(0,), (0,)]


def test_neighbours_at_one_place_or_in_one_line_have_a_height():
    line = np.column_stack([np.linspace(-1.0, 1.0, 9), np.zeros(9), np.full(9, HEIGHT_M)])
    height, std = _at(ORIGIN, line)
    assert height == pytest.approx(HEIGHT_M, abs=1e-6)
    assert np.isfinite(std).all()
    height, std = _at(ORIGIN, line * [0.0, 0.0, 1.0])
    assert height == pytest.approx(HEIGHT_M, abs=1e-6)
    assert np.isfinite(std).all()


def test_each_point_has_its_own_plane_whatever_the_order_of_the_call():
    rng = np.random.default_rng(10)
    elevations = _scattered(rng, 600, 0.004)
    points = rng.uniform(-2.0, 2.0, (30, 2))
    groups = [rng.permutation(600)[: rng.integers(0, 200)] for _ in points]
    usual = np.array(_at(points, elevations, 10, groups))
    order = rng.permutation(30)
    mixed = np.array(_at(points[order], elevations, 10, [groups[k] for k in order]))
    assert np.array_equal(mixed, usual[:, order], equal_nan=True)
    alone = [_at(points[k : k + 1], elevations, 10, groups[k : k + 1]) for k in range(30)]
    assert np.array_equal(np.hstack(alone), usual, equal_nan=True)


def test_planes_move_and_turn_with_the_elevations():
    rng = np.random.default_rng(11)
    elevations = _scattered(rng, 300, 0.004)
    usual = np.array(_at(ORIGIN, elevations))
    turn = 2.0 * np.pi * rng.random()
    frame = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = random_motion(rng).shift
    moved = np.column_stack([elevations[:, :2] @ frame.T, elevations[:, 2]]) + shift
    found = np.array(_at(shift[None, :2], moved))
    np.testing.assert_allclose(found[0], usual[0] + shift[2], atol=1e-9)
    np.testing.assert_allclose(found[1], usual[1], atol=1e-9)
