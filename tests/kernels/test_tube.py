from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from shapes import beside, random_motion, wavy

from twin_pipeline.kernels.adjust import near_shell, tube

STEP_M = 0.05


def _straight(count: int = 21) -> np.ndarray:
    return np.column_stack([np.arange(count) * STEP_M, np.zeros((count, 2))])


def _slow_project(points: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return chainage in nodes and radial vectors from the nearest of all segments."""
    along, edges = points[:, None] - nodes[:-1], np.diff(nodes, axis=0)
    t = np.clip(np.einsum("nka,ka->nk", along, edges) / np.sum(edges**2, axis=1), 0.0, 1.0)
    radial = along - t[:, :, None] * edges
    nearest = np.argmin(np.linalg.norm(radial, axis=2), axis=1)
    rows = np.arange(len(points))
    return nearest + t[rows, nearest], radial[rows, nearest]


def test_projecting_is_the_brute_force_search():
    rng = np.random.default_rng(1)
    nodes = wavy(40, STEP_M)
    points = beside(rng, nodes, 500, 0.15)[0]
    chainage, radial = _slow_project(points, nodes)
    segment = np.minimum(chainage, 38).astype(int)
    found, from_axis = tube.project(points, nodes, segment, STEP_M)
    np.testing.assert_allclose(found, chainage * STEP_M, atol=1e-12)
    np.testing.assert_allclose(from_axis, radial, atol=1e-12)


@pytest.mark.parametrize("off", [5, 2, -1, -6])
def test_projecting_walks_to_the_nearest_segment(off):
    """Inside a kink two feet are near each other; the walk may stop at the first it comes to."""
    rng = np.random.default_rng(1)
    nodes = wavy(40, STEP_M)
    points = beside(rng, nodes, 500, 0.15)[0]
    chainage, radial = _slow_project(points, nodes)
    segment = np.clip(chainage.astype(int) + off, 0, 38)
    found, from_axis = tube.project(points, nodes, segment, STEP_M)
    assert np.mean(np.abs(found - chainage * STEP_M) < 1e-9) > 0.98
    np.testing.assert_allclose(found, chainage * STEP_M, atol=0.01)
    distance, nearest = np.linalg.norm(from_axis, axis=1), np.linalg.norm(radial, axis=1)
    np.testing.assert_allclose(distance, nearest, atol=2e-4)
    assert np.abs(found / STEP_M - (segment + 0.5)).max() < 0.5 + 1e-9


def test_projecting_again_from_the_segments_found_changes_nothing():
    rng = np.random.default_rng(2)
    nodes = wavy(40, STEP_M)
    points = beside(rng, nodes, 200, 0.1)[0]
    segment = np.clip(_slow_project(points, nodes)[0].astype(int) + 2, 0, 38)
    first = tube.project(points, nodes, segment, STEP_M)
    settled = segment.copy()
    again = tube.project(points, nodes, segment, STEP_M)
    assert np.array_equal(segment, settled)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_points_beyond_the_ends_have_no_chainage():
    points = np.array([[-0.01, 0.1, 0.0], [1.01, 0.1, 0.0], [0.0, 0.1, 0.0], [1.0, 0.0, 0.1]])
    segment = np.array([0, 19, 0, 19])
    chainage, _ = tube.project(points, _straight(), segment, STEP_M)
    assert np.isnan(chainage).tolist() == [True, True, False, False]
    np.testing.assert_allclose(chainage[2:], [0.0, 1.0], atol=1e-12)


def test_outside_a_corner_the_vertex_is_nearest():
    corner = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    points = np.array([[1.2, -0.2, 0.0], [1.2, -0.2, 0.0], [1.1, -0.3, 0.1]])
    chainage, radial = tube.project(points, corner, np.array([0, 1, 1]), 1.0)
    np.testing.assert_allclose(chainage, 1.0, atol=1e-12)
    np.testing.assert_allclose(radial, points - corner[1], atol=1e-12)


def test_projection_moves_with_the_line():
    rng = np.random.default_rng(3)
    nodes, motion = wavy(30, STEP_M), random_motion(rng)
    points = beside(rng, nodes, 200, 0.1)[0]
    segment = _slow_project(points, nodes)[0].astype(int)
    chainage, radial = tube.project(points, nodes, segment, STEP_M)
    moved = tube.project(motion.points(points), motion.points(nodes), segment, STEP_M)
    np.testing.assert_allclose(moved[0], chainage, atol=1e-10)
    np.testing.assert_allclose(moved[1], motion.vectors(radial), atol=1e-12)


def _circle(count: int) -> np.ndarray:
    angle = np.linspace(0.0, 1.5 * np.pi, count)
    return np.column_stack([np.cos(angle), np.sin(angle), np.zeros(count)])


@pytest.mark.parametrize(
    "nodes",
    [_straight(), _straight(2), wavy(60, STEP_M), _circle(50), wavy(8, 0.5), -wavy(20, 0.1)],
)
def test_frames_are_orthonormal_and_right_handed(nodes):
    frames = np.stack(tube.lateral_frames(nodes), axis=1)
    identity = np.broadcast_to(np.eye(3), frames.shape)
    np.testing.assert_allclose(frames @ frames.transpose(0, 2, 1), identity, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(frames), 1.0, atol=1e-12)


def test_tangents_are_the_chords_to_the_neighbours():
    nodes = wavy(30, STEP_M)
    tangent, _, _ = tube.lateral_frames(nodes)
    chords = np.vstack([nodes[1] - nodes[0], nodes[2:] - nodes[:-2], nodes[-1] - nodes[-2]])
    chords /= np.linalg.norm(chords, axis=1, keepdims=True)
    np.testing.assert_allclose(tangent, chords, atol=1e-14)


def test_frames_do_not_turn_about_a_plane_line():
    _, u, v = tube.lateral_frames(_circle(60))
    across = u if abs(u[0, 2]) > abs(v[0, 2]) else v
    rise = across[:, 2]
    np.testing.assert_allclose(rise, rise[0], atol=1e-9)


def test_frames_are_carried_by_the_smallest_turns():
    """Against parallel transport in steps a hundred times as small."""
    fine = wavy(3001, STEP_M / 100.0)
    tangent = np.gradient(fine, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    _, u, _ = tube.lateral_frames(np.ascontiguousarray(fine[::100]))
    carried = u[0] - (u[0] @ tangent[0]) * tangent[0]
    for before, after in pairwise(tangent):
        carried = Rotation.from_rotvec(np.cross(before, after)).apply(carried)
    assert np.degrees(np.arccos(carried @ u[-1] / np.linalg.norm(carried))) < 2.0


def test_sectors_count_the_points_near_the_shell():
    rng = np.random.default_rng(12)
    count, slices, sectors = 2000, 7, 36
    chainage = rng.uniform(0.0, 1.4, count)
    chainage[:50] = np.nan
    angle = rng.uniform(-np.pi, np.pi, count)
    angle[50:53] = np.pi, -np.pi, 0.0
    residual, agree = rng.normal(0.0, 0.01, count), rng.random(count) < 0.7
    shell, good = near_shell.sector_counts(
        chainage, angle, residual, agree, 0.012, 0.2, slices, sectors
    )
    near = ~np.isnan(chainage) & (np.abs(residual) <= 0.012)
    place = np.floor(np.nan_to_num(chainage) / 0.2).astype(int)
    sector = np.floor((angle + np.pi) / (2.0 * np.pi) * sectors).astype(int) % sectors
    for counts, chosen in ((shell, near), (good, near & agree)):
        expected = np.zeros((slices, sectors), int)
        np.add.at(expected, (place[chosen], sector[chosen]), 1)
        assert np.array_equal(counts, expected)


def test_points_at_the_very_end_count_in_the_last_slice():
    one = np.ones(1)
    shell, good = near_shell.sector_counts(
        one, np.array([np.pi]), 0.0 * one, one < 0.0, 0.01, 0.5, 2, 4
    )
    assert shell.tolist() == [[0] * 4, [1, 0, 0, 0]]
    assert not good.any()


def test_no_points_no_counts():
    none = np.empty(0)
    shell, good = near_shell.sector_counts(none, none, none, np.empty(0, bool), 0.01, 0.5, 2, 4)
    assert shell.sum() == good.sum() == 0
