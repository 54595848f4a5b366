import itertools

import numpy as np
import pytest

from twin_pipeline.tiles.tube import SIDES, Mesh, tube

RADIUS_M = 0.11
AREA_SHARE = np.sin(2 * np.pi / SIDES) / (2 * np.pi / SIDES)
"""Area of the inscribed polygon over that of the circle."""


def _arc(turn_deg: float, bend_m: float = 0.6, steps: int = 12) -> np.ndarray:
    """Three metres straight, a bend, three metres straight, rising."""
    angle = np.deg2rad(np.linspace(0, turn_deg, steps))
    bend = np.column_stack((bend_m * np.sin(angle), bend_m * (1 - np.cos(angle)), 0.0 * angle))
    onward = bend[-1] + 3 * np.array([np.cos(angle[-1]), np.sin(angle[-1]), 0.2])
    return np.vstack(([-3.0, 0, 0], bend, onward))


LINES = {
    "east": np.array([[0.0, 0, 0], [5, 0, 0]]),
    "down": np.array([[0.0, 0, 0], [0, 0, -2], [0, 0, -5]]),
    "bend": _arc(90),
    "kink": np.array([[0.0, 0, 0], [2, 0, 0], [3.5, 1.5, 0.3], [3.5, 4, 0.3]]),
    "spiral": np.array([[np.cos(t), np.sin(t), 0.3 * t] for t in np.linspace(0, 9, 120)]) * 2,
    "repeated vertices": np.array([[0.0, 0, 0], [0, 0, 0], [2, 0, 0], [2, 0, 0.0004], [4, 1, 0]]),
}


def _welded(mesh: Mesh) -> np.ndarray:
    """Triangles over distinct places instead of vertices."""
    _, place = np.unique(mesh.positions.round(9), axis=0, return_inverse=True)
    return place.ravel()[mesh.triangles]


def _volume(mesh: Mesh) -> float:
    a, b, c = np.swapaxes(mesh.positions[mesh.triangles], 0, 1)
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


@pytest.mark.parametrize("name", LINES)
def test_closed_two_manifold(name):
    """Each edge is used once in each direction."""
    triangles = _welded(tube(LINES[name], RADIUS_M))
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    assert len(np.unique(edges, axis=0)) == len(edges)
    forward, backward = (set(map(tuple, e)) for e in (edges, edges[:, ::-1]))
    assert forward == backward


@pytest.mark.parametrize("name", LINES)
def test_volume_is_that_of_a_pipe_seen_from_outside(name):
    """By Pappus the volume is area times length, wherever the rings stand on bisecting planes."""
    mesh = tube(LINES[name], RADIUS_M)
    length = np.linalg.norm(np.diff(LINES[name], axis=0), axis=1).sum()
    expected = np.pi * RADIUS_M**2 * AREA_SHARE * length
    assert _volume(mesh) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("name", LINES)
def test_normals_point_out_of_the_triangles(name):
    mesh = tube(LINES[name], RADIUS_M)
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1)
    a, b, c = np.swapaxes(mesh.positions[mesh.triangles], 0, 1)
    flat = np.cross(b - a, c - a)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    assert np.einsum("tki,ti->tk", mesh.normals[mesh.triangles], flat).min() > 0.5


def _to_line(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Distance of points to the nearest segment's infinite line."""
    best = np.full(len(points), np.inf)
    for a, b in itertools.pairwise(line):
        if np.linalg.norm(b - a) < 0.001:
            continue
        along = (b - a) / np.linalg.norm(b - a)
        best = np.minimum(best, np.linalg.norm(np.cross(points - a, along), axis=1))
    return best


@pytest.mark.parametrize("name", ["east", "down", "bend", "kink"])
def test_barrel_keeps_its_radius_through_bends(name):
    """Every corner of the barrel lies on a cylinder around the segment before and after it."""
    line = LINES[name]
    barrel = tube(line, RADIUS_M).positions[: SIDES * len(line)]
    rings = barrel.reshape(len(line), SIDES, 3)
    for n in range(len(line) - 1):
        beside = rings[n : n + 2].reshape(-1, 3)
        assert np.allclose(_to_line(beside, line[n : n + 2]), RADIUS_M, atol=1e-9)


def test_rings_do_not_twist():
    """Corner 0 of each ring stays where parallel transport takes it; a flat bend keeps it level."""
    line = _arc(90, steps=30)
    line[:, 2] = 0
    rings = tube(line, RADIUS_M).positions[: SIDES * len(line)].reshape(-1, SIDES, 3)
    height = (rings - line[:, None])[..., 2]
    assert np.allclose(height, height[0], atol=1e-9)


def test_line_without_length_is_refused():
    with pytest.raises(ValueError, match="two vertices"):
        tube(np.zeros((3, 3)), RADIUS_M)


@pytest.mark.parametrize("turn_deg", [170.0, 180.0])
def test_sharp_turn_does_not_shoot_out(turn_deg):
    turn = np.deg2rad(turn_deg)
    line = np.array([[0.0, 0, 0], [2, 0, 0], [2 + 2 * np.cos(turn), 2 * np.sin(turn), 0]])
    mesh = tube(line, RADIUS_M)
    assert np.isfinite(mesh.positions).all()
    assert np.isfinite(mesh.normals).all()
    assert _to_line(mesh.positions, line).max() < 2.5 * RADIUS_M
