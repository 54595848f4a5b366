"""What is worked out for each point of a tube, against plain NumPy."""

import numpy as np
import pytest
from shapes import beside, random_motion, wavy

from twin_pipeline.kernels.adjust import near_shell, nearest, tube

STEP_M = 0.05


def _straight(count: int = 21) -> np.ndarray:
    return np.column_stack([np.arange(count) * STEP_M, np.zeros((count, 2))])


def _slow_nearest(points: np.ndarray, nodes: np.ndarray, near: np.ndarray, reach: int):
    distance = np.linalg.norm(points[:, None] - nodes, axis=2)
    distance[np.abs(np.arange(len(nodes)) - near[:, None]) > reach] = np.inf
    return np.minimum(np.argmin(distance, axis=1), len(nodes) - 2)


@pytest.mark.parametrize(("reach", "count"), [(0, 500), (1, 500), (3, 20_000), (100, 500)])
def test_nearest_nodes_are_those_of_the_slow_way(reach, count):
    """Also where the nearest of all lies farther along than is tried."""
    rng = np.random.default_rng(1)
    nodes = wavy(40, STEP_M)
    points = beside(rng, nodes, count, 0.15)[0]
    near = rng.integers(0, 40, count)
    found = nearest.nearest_segments(points, np.arange(count), nodes, near, reach)
    assert found.dtype == np.int64
    assert np.array_equal(found, _slow_nearest(points, nodes, near, reach))


def test_the_last_node_starts_no_segment():
    points = np.array([[9.0, 0.0, 0.0], [-9.0, 0.0, 0.0], [0.96, 0.0, 0.0]])
    assert nearest.nearest_segments(
        points, np.arange(3), _straight(), np.full(3, 10), 30
    ).tolist() == [19, 0, 19]
    assert nearest.nearest_segments(
        points, np.array([0]), _straight(2), np.array([1]), 0
    ).tolist() == [0]


def test_of_nodes_equally_near_the_first_is_taken():
    nodes = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    middle = np.array([[0.5, 0.5, 0.3]])
    assert nearest.nearest_segments(middle, np.array([0]), nodes, np.array([2]), 2).tolist() == [0]
    assert nearest.nearest_segments(middle, np.array([0]), nodes, np.array([2]), 1).tolist() == [1]


class Scene:
    """Points beside a bent axis and beyond its ends, seen from the axis."""

    def __init__(self, seed: int, count: int = 400) -> None:
        rng = np.random.default_rng(seed)
        self.nodes = wavy(25, STEP_M)
        _, self.u, self.v = tube.lateral_frames(self.nodes)
        inside, segment = beside(rng, self.nodes, count, 0.15)
        first, last = self.nodes[:2], self.nodes[-1:-3:-1]
        beyond = [
            end[0] + (end[0] - end[1]) * rng.uniform(0.2, 2.0, (20, 1))
            + rng.normal(0.0, 0.01, (20, 3))
            for end in (first, last)
        ]  # fmt: skip
        self.points = np.vstack([inside, *beyond])
        self.start = np.concatenate([segment, np.repeat([0, 23], 20)])
        normals = rng.normal(size=self.points.shape)
        self.normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)

    def look(self):
        self.segment = self.start.copy()
        return tube.look_along(
            self.points, self.normals, self.nodes, self.u, self.v, self.segment, STEP_M
        )


def test_points_are_seen_from_the_axis_as_the_slow_way_sees_them():
    scene = Scene(2)
    chainage, node, radial, rho, angle, cosine = scene.look()
    segment = scene.start.copy()
    projected, from_axis = tube.project(scene.points, scene.nodes, segment, STEP_M)
    assert np.array_equal(scene.segment, segment)
    assert np.array_equal(chainage, projected, equal_nan=True)
    assert np.array_equal(radial, from_axis)
    assert np.isnan(chainage).sum() > 20

    edge = scene.nodes[segment + 1] - scene.nodes[segment]
    share = np.sum((scene.points - scene.nodes[segment]) * edge, axis=1) / np.sum(edge**2, axis=1)
    expected = segment + (share >= 0.5)
    assert np.array_equal(node, expected)
    np.testing.assert_allclose(rho, np.linalg.norm(from_axis, axis=1), rtol=1e-12)
    across = [np.sum(from_axis * lateral[expected], axis=1) for lateral in (scene.u, scene.v)]
    np.testing.assert_allclose(angle, np.arctan2(across[1], across[0]), atol=1e-9)
    facing = np.abs(np.sum(from_axis * scene.normals, axis=1)) / rho
    np.testing.assert_allclose(cosine, facing, rtol=1e-9, atol=1e-12)


def test_a_point_halfway_belongs_to_the_later_node_and_one_beyond_to_the_end():
    nodes = np.column_stack([np.arange(5.0), np.zeros((5, 2))])
    _, u, v = tube.lateral_frames(nodes)
    x = np.array([0.0, 0.49, 0.5, 1.51, 4.0, 4.7, -0.7])
    points = np.column_stack([x, np.full(7, 0.1), np.zeros(7)])
    chainage, node, *_ = tube.look_along(
        points, np.eye(3)[np.ones(7, int)], nodes, u, v, np.array([0, 0, 0, 1, 3, 3, 0]), 1.0
    )
    assert node.tolist() == [0, 0, 1, 2, 4, 4, 0]
    np.testing.assert_allclose(chainage, [0.0, 0.49, 0.5, 1.51, 4.0, np.nan, np.nan])


def test_angles_turn_from_u_to_v_and_normals_may_point_either_way():
    nodes = _straight()
    _, u, v = tube.lateral_frames(nodes)
    turn = np.radians([-150.0, -60.0, 0.0, 30.0, 90.0, 179.0])
    out = np.cos(turn)[:, None] * u[0] + np.sin(turn)[:, None] * v[0]
    side = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])[:, None]
    points = [0.52, 0.0, 0.0] + 0.1 * out
    _, _, _, rho, angle, cosine = tube.look_along(
        points, side * out, nodes, u, v, np.full(6, 10), STEP_M
    )
    np.testing.assert_allclose(angle, turn, atol=1e-12)
    np.testing.assert_allclose(rho, 0.1, atol=1e-12)
    np.testing.assert_allclose(cosine, 1.0, atol=1e-12)


def test_a_point_on_the_axis_has_a_length_to_divide_by():
    nodes = _straight()
    _, u, v = tube.lateral_frames(nodes)
    on_axis = np.array([[0.52, 0.0, 0.0]])
    found = tube.look_along(on_axis, np.eye(3)[:1], nodes, u, v, np.array([10]), STEP_M)
    assert found[3].tolist() == [1e-9]
    assert found[5].tolist() == [0.0]


def test_what_is_seen_from_the_axis_moves_with_it():
    scene, motion = Scene(3), random_motion(np.random.default_rng(4))
    usual = scene.look()
    for name in ("points", "nodes"):
        setattr(scene, name, motion.points(getattr(scene, name)))
    for name in ("normals", "u", "v"):
        setattr(scene, name, motion.vectors(getattr(scene, name)))
    moved = scene.look()
    assert np.array_equal(moved[1], usual[1])
    np.testing.assert_allclose(moved[2], motion.vectors(usual[2]), atol=1e-12)
    for k in (0, 3, 4, 5):
        np.testing.assert_allclose(moved[k], usual[k], atol=1e-9)


BAND_M, MIN_COSINE = 0.010, 0.7
COUNT, MANY = 3000, 200_000
"""Many points are shared out in parts."""


def _measured(seed: int, count: int) -> dict[str, np.ndarray]:
    """Return values on a coarse grid, so that many lie exactly at a limit."""
    rng = np.random.default_rng(seed)
    chainage = rng.uniform(0.0, 1.0, count)
    chainage[rng.random(count) < 0.1] = np.nan
    return {
        "residual": rng.integers(-16, 17, count) * 0.001,
        "cosine": rng.choice([0.5, MIN_COSINE, 0.71, 0.9, 1.0], count),
        "chainage": chainage,
        "keep": rng.random(count) < 0.8,
    }


@pytest.mark.parametrize("count", [COUNT, MANY])
def test_weights_are_those_of_the_slow_way(count):
    given = _measured(5, count)
    given["residual"] = np.where(given["residual"] == 0.01, BAND_M, given["residual"])
    weights = near_shell.tukey_weights(**given, band=BAND_M, min_cosine=MIN_COSINE)
    counts = given["keep"] & (given["cosine"] > MIN_COSINE) & ~np.isnan(given["chainage"])
    bell = np.maximum(1.0 - (given["residual"] / BAND_M) ** 2, 0.0) ** 2
    np.testing.assert_allclose(weights, np.where(counts, bell, 0.0), atol=1e-14)
    assert 0.2 < np.mean(weights > 0.0) < 0.5


@pytest.mark.parametrize(
    ("change", "weight"),
    [
        ({}, 0.5625),
        ({"residual": -0.005}, 0.5625),
        ({"residual": 0.0}, 1.0),
        ({"residual": BAND_M}, 0.0),
        ({"residual": np.nan}, 0.0),
        ({"cosine": MIN_COSINE}, 0.0),
        ({"cosine": MIN_COSINE + 1e-9}, 0.5625),
        ({"chainage": np.nan}, 0.0),
        ({"chainage": 0.0}, 0.5625),
        ({"keep": False}, 0.0),
    ],
)
def test_each_reason_alone_takes_a_point_its_weight(change, weight):
    one = {"residual": 0.005, "cosine": 0.9, "chainage": 0.3, "keep": True, **change}
    arrays = {name: np.array([value]) for name, value in one.items()}
    (found,) = near_shell.tukey_weights(**arrays, band=BAND_M, min_cosine=MIN_COSINE)
    assert found == pytest.approx(weight)


def _slow_histogram(node: np.ndarray, sector: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    counts = np.zeros(shape)
    np.add.at(counts, (node, sector), 1.0)
    return counts


@pytest.mark.parametrize("count", [COUNT, MANY])
def test_arcs_count_the_points_with_weight(count):
    rng = np.random.default_rng(6)
    node, angle = rng.integers(0, 9, count), rng.uniform(-np.pi, np.pi, count)
    weights = np.where(rng.random(count) < 0.3, 0.0, rng.choice([1e-300, 0.5, 1.0], count))
    counts = near_shell.arc_counts(node, angle, weights, 9, 36)
    used = weights > 0.0
    sector = np.floor((np.degrees(angle[used]) + 180.0) / 10.0).astype(int)
    assert counts.dtype == np.float64
    assert np.array_equal(counts, _slow_histogram(node[used], sector, (9, 36)))


def test_the_circle_closes_where_sectors_begin():
    angle = np.array([-np.pi, np.pi, -1e-9, 0.0, np.pi - 1e-6])
    counts = near_shell.arc_counts(np.zeros(5, int), angle, np.ones(5), 2, 4)
    assert counts.tolist() == [[2.0, 1.0, 1.0, 1.0], [0.0] * 4]


@pytest.mark.parametrize("count", [COUNT, MANY])
def test_bulges_are_those_of_the_slow_way(count):
    given, rng = _measured(7, count), np.random.default_rng(8)
    node = rng.integers(0, 9, count)
    kept, out, near, within = near_shell.standing_counts(
        node, **given, wide=0.012, bulge=0.004, dent=0.006, nodes=10
    )
    around = (given["cosine"] > 0.7) & ~np.isnan(given["chainage"])
    around &= np.abs(given["residual"]) < 0.012
    whole, residual = around & given["keep"], given["residual"]
    assert np.array_equal(kept, np.bincount(node[whole], minlength=10))
    assert np.array_equal(out, np.bincount(node[whole & (residual > 0.004)], minlength=10))
    assert np.array_equal(near, np.bincount(node[around], minlength=10))
    assert np.array_equal(within, np.bincount(node[around & (residual < -0.006)], minlength=10))
    assert kept[:9].min() > 20
    assert out[:9].min() > 5
    assert within[:9].min() > 5


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ({}, (1.0, 1.0, 1.0, 0.0)),
        ({"residual": 0.004}, (1.0, 0.0, 1.0, 0.0)),
        ({"residual": 0.0041}, (1.0, 1.0, 1.0, 0.0)),
        ({"residual": -0.005}, (1.0, 0.0, 1.0, 0.0)),
        ({"residual": -0.0051}, (1.0, 0.0, 1.0, 1.0)),
        ({"residual": -0.012}, (0.0, 0.0, 0.0, 0.0)),
        ({"residual": 0.012}, (0.0, 0.0, 0.0, 0.0)),
        ({"cosine": 0.7}, (0.0, 0.0, 0.0, 0.0)),
        ({"cosine": 0.7001}, (1.0, 1.0, 1.0, 0.0)),
        ({"chainage": np.nan}, (0.0, 0.0, 0.0, 0.0)),
        ({"keep": False}, (0.0, 0.0, 1.0, 0.0)),
        ({"keep": False, "residual": -0.006}, (0.0, 0.0, 1.0, 1.0)),
    ],
)
def test_each_reason_alone_decides_on_a_bulge(change, counted):
    one = {"residual": 0.006, "cosine": 0.9, "chainage": 0.3, "keep": True, **change}
    arrays = {name: np.array([value]) for name, value in one.items()}
    counts = np.array(
        near_shell.standing_counts(
            np.array([1]), **arrays, wide=0.012, bulge=0.004, dent=0.005, nodes=2
        )
    )
    assert not counts[:, 0].any()
    assert tuple(counts[:, 1]) == counted


def test_no_points_nothing_to_tell():
    none, nobody = np.empty(0), np.empty((0, 3))
    nodes, of_none = _straight(4), np.empty(0, np.int64)
    _, u, v = tube.lateral_frames(nodes)
    assert len(nearest.nearest_segments(nobody, of_none, nodes, of_none, 3)) == 0
    seen = tube.look_along(nobody, nobody, nodes, u, v, of_none, STEP_M)
    assert [array.shape for array in seen] == [(0,), (0,), (0, 3), (0,), (0,), (0,)]
    assert len(near_shell.tukey_weights(none, none, none, none > 0.0, BAND_M, MIN_COSINE)) == 0
    assert near_shell.arc_counts(of_none, none, none, 2, 3).tolist() == [[0.0] * 3] * 2
    counts = near_shell.standing_counts(of_none, none, none, none, none > 0.0, 0.1, 0.01, 0.01, 2)
    assert not np.array(counts).any()
