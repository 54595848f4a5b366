"""Ray casting against closed-form intersections."""

import numpy as np
import pytest

from twin_pipeline.kernels.raycast import FLOOR, MISS, PAVEMENT, WALL, Terrain, trace
from twin_pipeline.synthetic.axis import TrenchAxis
from twin_pipeline.synthetic.route import fillet
from twin_pipeline.synthetic.scene import Pavement, Trench
from twin_pipeline.synthetic.solids import bounds, box, ellipsoid, frustum, tube, turned

NO_FOLDS = np.zeros((2, 2))


def flat_site(floor: float = -50.0) -> Terrain:
    """Level pavement at -40 m with a trench 1 m wide and 10 m long along x."""
    axis = TrenchAxis.of(Trench(vertices=((0, 0), (10, 0))), Pavement(crossfall=0.0))
    trench = np.zeros((1, 14))
    trench[0, :7] = 0, 1, 0.0, 10.0, 0.5, 0.0, 0.0
    trench[0, 9:11] = 0.8, 1.0
    trench[0, 13] = 1.0
    frame = np.array([-1.0, -1.0, 12.0])
    return Terrain(
        np.array([-40.0, 0.0, 0.0, 1.0, 1.0, 2.56, 0.0, floor, 1.0]),
        np.zeros((2, 2)),
        frame,
        np.full((2, 2), floor),
        frame,
        trench,
        axis.rows(),
        np.zeros((2, 2)),
    )


def shoot(rows, origins, directions, far=100.0, site=None):
    solids = np.array(rows).reshape(-1, 16)
    return trace(
        np.asarray(origins, float),
        np.asarray(directions, float),
        far,
        solids,
        bounds(solids),
        NO_FOLDS,
        site or flat_site(),
    )


def random_rays(count: int, target, spread: float, seed: int = 7):
    rng = np.random.default_rng(seed)
    origins = rng.normal(0, 1, (count, 3))
    origins = target + 5 * origins / np.linalg.norm(origins, axis=1, keepdims=True)
    directions = target + rng.normal(0, spread, (count, 3)) - origins
    return origins, directions / np.linalg.norm(directions, axis=1, keepdims=True)


def sphere_range(origins, directions, centre, radius):
    q = origins - centre
    b = np.sum(q * directions, axis=1)
    disc = b**2 - np.sum(q**2, axis=1) + radius**2
    return np.where(disc >= 0, -b - np.sqrt(np.maximum(disc, 0)), np.inf)


def test_sphere_is_exact():
    centre = np.array([1.0, -2.0, 0.5])
    origins, directions = random_rays(2000, centre, 0.4)
    ball = ellipsoid(centre, turned(0.3), (0.5, 0.5, 0.5))
    ranges, codes, normals = shoot([ball], origins, directions)
    expected = sphere_range(origins, directions, centre, 0.5)
    hit = np.isfinite(expected)
    assert 200 < hit.sum() < 1990
    grazing = codes[~hit] == 0  # within the tolerance of the surface, 0.05 mm
    assert grazing.mean() < 0.01
    both = hit & (codes == 0)
    assert both.sum() > 0.99 * hit.sum()
    # A ray that grazes the surface may stop 0.05 mm before it: at a sixth of a degree, 1 cm.
    error = np.abs(ranges[both] - expected[both])
    assert np.quantile(error, 0.98) < 1e-7
    surface = np.linalg.norm(origins + ranges[:, None] * directions - centre, axis=1)
    assert np.abs(surface[both] - 0.5).max() < 5e-5
    outward = (origins + ranges[:, None] * directions - centre)[codes == 0] / 0.5
    np.testing.assert_allclose(normals[codes == 0], outward, atol=2e-3)


def test_cylinder_is_exact_and_ends_flat():
    a, b, radius = np.array([0.0, 0.0, 0.0]), np.array([3.0, 1.0, 0.4]), 0.11
    origins, directions = random_rays(4000, 0.5 * (a + b), 0.8)
    ranges, codes, _ = shoot([frustum(a, b, radius)], origins, directions)
    points = (origins + ranges[:, None] * directions)[codes == 0]
    axis = (b - a) / np.linalg.norm(b - a)
    along = (points - a) @ axis
    away = np.linalg.norm(points - a - along[:, None] * axis, axis=1)
    barrel = (along > 1e-4) & (along < np.linalg.norm(b - a) - 1e-4)
    assert barrel.sum() > 300
    assert np.abs(away[barrel] - radius).max() < 5e-5
    assert np.all(away[~barrel] < radius + 5e-5)


def test_bent_tube_is_exact():
    route = fillet([(0, 0, 0), (1.5, 0, 0), (2.2, 0.9, 0.5)], 0.6)
    origins, directions = random_rays(6000, np.array([1.5, 0.1, 0.0]), 0.5)
    ranges, codes, _ = shoot(tube(route, 0.0845), origins, directions)
    hit = codes >= 0
    chainage, away = route.project((origins + ranges[:, None] * directions)[hit])
    inner = (chainage > 1e-3) & (chainage < route.length_m - 1e-3)
    assert inner.sum() > 500
    assert np.abs(away[inner] - 0.0845).max() < 5e-5


def test_box_is_exact():
    centre = np.array([0.2, 0.1, 0.3])
    axes = turned(0.5)
    size = (0.6, 0.4, 0.3)
    origins, directions = random_rays(3000, centre, 0.3)
    ranges, codes, _ = shoot([box(centre, axes, size)], origins, directions)
    local = (origins + ranges[:, None] * directions - centre)[codes == 0] @ axes.T
    out = np.max(np.abs(local) - 0.5 * np.array(size), axis=1)
    assert len(out) > 500
    assert np.abs(out).max() < 5e-5


def test_nearest_body_wins():
    front = ellipsoid(np.array([0, 0, 2.0]), np.eye(3), (0.5,) * 3)
    behind = ellipsoid(np.array([0, 0, 0.0]), np.eye(3), (0.5,) * 3)
    ranges, codes, _ = shoot([behind, front], [[0, 0, 5.0]], [[0, 0, -1.0]])
    assert codes[0] == 1
    assert ranges[0] == pytest.approx(2.5, abs=1e-6)


def test_ground_below_and_beside_the_trench():
    down = [[0.0, 0.0, -1.0]] * 2
    ranges, codes, normals = shoot([], [[5, 0, 0], [5, 2, 0]], down)
    np.testing.assert_allclose(ranges, [50.0, 40.0], atol=1e-6)
    assert list(codes) == [FLOOR, PAVEMENT]
    np.testing.assert_allclose(normals, [[0, 0, 1], [0, 0, 1]], atol=1e-6)


def test_walls_stop_rays_in_the_trench():
    ranges, codes, normals = shoot([], [[5, 0, -42.0]] * 2, [[0, 1.0, 0], [1.0, 0, 0]])
    np.testing.assert_allclose(ranges, [0.5, 5.0], atol=1e-6)
    assert list(codes) == [WALL, WALL]
    np.testing.assert_allclose(normals, [[0, -1, 0], [-1, 0, 0]], atol=1e-6)


def test_range_limit_and_sky_are_misses():
    ranges, codes, _ = shoot([], [[5, 2, 0]] * 2, [[0, 0, -1.0], [0, 0, 1.0]], far=39.0)
    assert list(codes) == [MISS, MISS]
    assert np.all(np.isinf(ranges))


def test_no_rays_no_hits():
    ranges, codes, normals = shoot([], np.empty((0, 3)), np.empty((0, 3)))
    assert len(ranges) == len(codes) == len(normals) == 0


@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_plan_position_agrees_with_the_route(turn):
    trench = Trench(vertices=((0, 0), (4, 0), (6, 2.2 * turn), (9, 2.5 * turn)))
    axis = TrenchAxis.of(trench, Pavement())
    rng = np.random.default_rng(3)
    marks = rng.uniform(0.2, axis.route.length_m - 0.2, 300)
    offsets = rng.uniform(-0.6, 0.6, 300)
    xy = axis.plan(marks, offsets)[0]
    chainage, offset = axis.locate(xy[:, 0], xy[:, 1])
    np.testing.assert_allclose(chainage, marks, atol=1e-9)
    np.testing.assert_allclose(offset, offsets, atol=1e-9)
