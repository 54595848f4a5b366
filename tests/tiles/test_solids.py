from dataclasses import replace

import numpy as np
import pytest

from tests.factories import make_pipe
from tests.tiles.test_tube import _volume, _welded
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.model import Fitting, FittingKind
from twin_pipeline.tiles import solids

CATALOGUE = load_catalogue()
SOCKET_M = CATALOGUE.size("DIP", 200).socket_outer_diameter_m / 2


def _pipe(*joints_m: float, **changes: object):
    line = make_pipe().centreline
    steps = np.linspace(0, 1, 200)[:, None]
    straight = line[0] + (line[-1] - line[0]) * steps
    fittings = tuple(Fitting(FittingKind.JOINT, at, (0.0, 0.0, 0.0)) for at in joints_m)
    return replace(make_pipe(), centreline=straight, fittings=fittings, **changes)


def _radii(mesh, pipe) -> tuple[np.ndarray, np.ndarray]:
    """Chainage and distance from the axis of each vertex."""
    start, end = pipe.centreline[[0, -1]]
    along = (end - start) / np.linalg.norm(end - start)
    chainage = (mesh.positions - start) @ along
    return chainage, np.linalg.norm(mesh.positions - start - chainage[:, None] * along, axis=1)


def test_sockets_stand_where_the_joints_were_measured_as_wide_as_the_catalogue_has_them():
    pipe = _pipe(2.0, 7.0)
    chainage, radius = _radii(_tube(pipe), pipe)
    wide = radius > pipe.outer_diameter_m / 2 + 0.001
    assert radius.max() == pytest.approx(SOCKET_M, abs=1e-6)
    for joint in (2.0, 7.0):
        near = np.abs(chainage[wide] - joint) < 0.5
        assert np.mean(chainage[wide][near]) == pytest.approx(joint, abs=1e-3)
    assert (np.minimum(np.abs(chainage - 2), np.abs(chainage - 7))[wide] < 0.25).all()


@pytest.mark.parametrize("changes", [{"material": None}, {"nominal_diameter_mm": None}])
def test_joint_of_an_unknown_socket_is_a_low_collar(changes):
    pipe = _pipe(5.0, **changes)
    _, radius = _radii(_tube(pipe), pipe)
    assert radius.max() == pytest.approx(1.08 * pipe.outer_diameter_m / 2, abs=1e-6)


NEAR, MIDDLE, FAR, FARTHEST = (
    solids.Sight(0.01 * 3.0**level, 0.03 * 3.0**level) for level in range(4)
)


@pytest.mark.parametrize("joints", [(), (0.0,), (9.89,), (3.0, 3.05), (1.0, 5.0, 9.0)])
@pytest.mark.parametrize("sight", [solids.FINE, NEAR, MIDDLE, FAR])
def test_solids_are_closed_whatever_their_detail(joints, sight):
    mesh = _tube(_pipe(*joints), sight)
    edges = np.sort(_welded(mesh)[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    edges = edges[edges[:, 0] != edges[:, 1]]
    assert (np.unique(edges, axis=0, return_counts=True)[1] % 2 == 0).all()
    assert _volume(mesh) > 0.5 * np.pi * 0.11**2 * 9


def test_straight_pipes_need_few_vertices_and_coarse_ones_fewer():
    pipe = _pipe(2.0, 7.0)
    counts = [len(_tube(pipe, sight).positions) for sight in (solids.FINE, NEAR, FAR)]
    assert counts[0] <= 48 * 12 + 2
    assert counts[2] < counts[1] / 2 < counts[0] / 4


def test_from_afar_a_pipe_is_a_line_that_can_be_seen():
    pipe = _pipe(2.0, 7.0)
    for (drawn,) in (
        solids.solid(pipe, FARTHEST, CATALOGUE),
        solids.shell(pipe, FARTHEST),
    ):
        assert drawn.is_lines
        assert drawn.triangles.tolist() == [[0, 1]]
        assert drawn.positions == pytest.approx(pipe.centreline[[0, -1]])


@pytest.mark.parametrize("diameter_m", [0.02, 0.06, 0.1, 0.22, 0.9])
def test_wherever_a_pipe_may_be_less_than_two_pixels_wide_it_has_a_line(diameter_m):
    pipe = _pipe(2.0, outer_diameter_m=diameter_m)
    for sight in (solids.FINE, NEAR, MIDDLE, FAR, FARTHEST, solids.Sight(0.81, np.inf)):
        drawn = solids.solid(pipe, sight, CATALOGUE)
        thinnest_px = diameter_m / sight.farthest_m
        widest_px = diameter_m / max(sight.nearest_m, 1e-9)
        assert thinnest_px >= 2 or any(mesh.is_lines for mesh in drawn)
        assert widest_px < 2 or any(not mesh.is_lines for mesh in drawn)


@pytest.mark.parametrize("radius_m", [0.02, 0.11, 0.9])
def test_surface_is_never_farther_from_the_finest_than_half_a_pixel(radius_m):
    for sight in (NEAR, MIDDLE, FAR, FARTHEST):
        if sight.shows_tube(radius_m):
            chord_m = radius_m * (1 - np.cos(np.pi / sight.sides(radius_m)))
            assert chord_m <= sight.nearest_m / 2 + 1e-9


def _tube(pipe, sight=solids.FINE):
    (mesh,) = (part for part in solids.solid(pipe, sight, CATALOGUE) if not part.is_lines)
    return mesh
