"""Scans of one trench, displaced against each other."""

import os
import sys

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from twin_pipeline.errors import GeoreferenceError, UsageError
from twin_pipeline.model import PointCloud
from twin_pipeline.registration import INSTALL, RegistrationOptions, align, available

ORIGIN = np.array([-12800.0, -34400.0, 36.0])
NOISE_M = 0.002
REQUIRED = os.environ.get("TWIN_PIPELINE_REQUIRE_OPEN3D") == "1"
needs_open3d = pytest.mark.skipif(
    not (REQUIRED or available()), reason=f"Open3D is not here: {INSTALL}"
)


def trench(seed, *, pipe=True, length_m=6.0):
    """Return (N, 3) points of pavement, walls, end walls, bed and a pipe, with noise."""
    random = np.random.default_rng(seed)

    def sheet(count, corner, first, second):
        u, v = random.random((2, count, 1))
        return np.array(corner) + u * np.array(first) + v * np.array(second)

    half = length_m / 2
    parts = [
        sheet(9000, (-half, 0.5, 0), (length_m, 0, 0.05), (0, 1.5, 0)),
        sheet(9000, (-half, -2.0, 0), (length_m, 0, 0.05), (0, 1.5, 0)),
        sheet(9000, (-half, 0.5, 0), (length_m, 0, 0), (0, 0, -1.2)),
        sheet(9000, (-half, -0.5, 0), (length_m, 0, 0), (0, 0, -1.2)),
        sheet(4000, (-half, -0.5, 0), (0, 1, 0), (0, 0, -1.2)),
        sheet(4000, (half, -0.5, 0), (0, 1, 0), (0, 0, -1.2)),
        sheet(6000, (-half, -0.5, -1.2), (length_m, 0, 0), (0, 1, 0)),
    ]
    if pipe:
        angle, along = random.uniform(0.3, 2.8, 9000), random.uniform(-half, half, 9000)
        ring = np.column_stack((along, 0.1 * np.cos(angle), 0.1 * np.sin(angle) - 1.0))
        parts.append(ring)
    xyz = np.concatenate(parts)
    return xyz + random.normal(0, NOISE_M, xyz.shape)


def displaced(xyz, angles_deg, shift):
    return xyz @ Rotation.from_euler("ZYX", angles_deg, degrees=True).as_matrix().T + shift


def aligned(source, target, **options):
    clouds = [PointCloud(xyz, ORIGIN) for xyz in (source, target)]
    return align(clouds[0], [clouds[1]], "second.laz", RegistrationOptions(**options))


def refused(*args, **options):
    with pytest.raises(GeoreferenceError) as caught:
        aligned(*args, **options)
    message = str(caught.value)
    assert message.startswith("second.laz: ")
    assert "control points (--gcp)" in message
    return message


@needs_open3d
@pytest.mark.parametrize("pipe", [True, False], ids=["both sides", "before laying"])
def test_a_displaced_scan_comes_back_within_a_millimetre(pipe):
    true = trench(2, pipe=pipe)
    moved = displaced(true, (0.6, 0.2, -0.2), (0.08, -0.05, 0.04))
    found = aligned(moved, trench(1))
    back = found.fitted.similarity.apply(moved + ORIGIN) - ORIGIN
    misses = back - true
    assert np.abs(misses).max() < 0.002
    spread = found.fitted.std_m(true + ORIGIN)
    assert spread.max() < 0.005
    assert np.abs(misses).max() < 4 * np.linalg.norm(spread, axis=1).max()
    described = found.describe()
    assert described["method"] == "icp"
    assert described["overlap"] > 0.8
    assert described["rms_m"] < 0.004
    assert described["moved_m"] == pytest.approx(np.linalg.norm([0.08, -0.05, 0.04]), abs=0.03)


@needs_open3d
@pytest.mark.parametrize("along_m", [-0.25, 0.25])
def test_the_place_along_a_trench_does_not_hang_on_where_a_scan_was(along_m):
    """Only the end walls hold it; before laying there is no pipe to help."""
    true = trench(4, pipe=False)
    moved = displaced(true, (0.2, 0.0, 0.0), (along_m, 0.05, -0.03))
    found = aligned(moved, trench(3))
    misses = found.fitted.similarity.apply(moved + ORIGIN) - ORIGIN - true
    assert np.abs(misses).max() < 0.002
    assert np.abs(misses).max() < 3 * found.fitted.std_m(true + ORIGIN).max()


@needs_open3d
def test_too_little_in_common_is_refused_with_the_share():
    far = trench(2)[:, [1, 0, 2]]
    assert "% of it agrees" in refused(far, trench(1))


@needs_open3d
@pytest.mark.parametrize("count", [10_000, 40_000])
def test_flat_ground_alone_is_refused(count):
    random = np.random.default_rng(5)
    flat = [
        np.column_stack((random.uniform(-3, 3, (count, 2)), random.normal(0, NOISE_M, count)))
        for _ in range(2)
    ]
    assert "flat ground and straight walls alone" in refused(
        displaced(flat[0], (0, 0, 0), (0.05, 0, 0.01)), flat[1]
    )


def without_ends(xyz):
    """Return the trench without its end walls, as the middle of a long one is."""
    return xyz[(np.abs(np.abs(xyz[:, 0]) - 3.0) > 0.02) | (xyz[:, 2] > -0.01)]


@needs_open3d
@pytest.mark.parametrize(("turned_deg", "azimuth"), [(0.0, 90), (50.0, 40)])
@pytest.mark.parametrize("pipe", [True, False], ids=["pipe", "before laying"])
def test_a_straight_trench_that_slides_is_refused_with_its_direction(pipe, turned_deg, azimuth):
    """Nothing in it stands against a shift along its axis, however well it seems to fit."""
    first, second = (
        displaced(without_ends(trench(seed, pipe=pipe)), (turned_deg, 0, 0), (0, 0, 0))
        for seed in (6, 7)
    )
    message = refused(displaced(second, (0.2, 0.0, 0.0), (0.1, 0.05, 0.02)), first)
    found = int(message.partition("open along ")[2].split()[0])
    assert abs(found - azimuth) <= 3


@needs_open3d
@pytest.mark.parametrize("shared_m", [0.5, 3.0])
def test_scans_that_share_no_end_wall_are_refused(shared_m):
    first, second = trench(6), trench(7)
    left = first[first[:, 0] < shared_m / 2]
    right = second[second[:, 0] > -shared_m / 2]
    refused(displaced(right, (0.3, 0, 0), (0.05, 0.02, 0.01)), left)


@needs_open3d
@pytest.mark.parametrize(
    ("turned_deg", "shift"),
    [((0.3, 0, 0), (0.6, 0.05, 0.02)), ((0.3, 0, 0), (2.0, 0.05, 0.02)),
     ((5.0, 0, 0), (0.2, 0.1, 0.05)), ((0, 3.0, 4.0), (0.2, 0.1, 0.05))],
)  # fmt: skip
def test_scans_far_from_their_place_come_back(turned_deg, shift):
    true = trench(8)
    moved = displaced(true, turned_deg, shift)
    found = aligned(moved, trench(9), align_reach_m=2.0)
    assert np.abs(found.fitted.similarity.apply(moved + ORIGIN) - ORIGIN - true).max() < 0.002


@needs_open3d
def test_what_was_moved_between_the_scans_pulls_at_nothing():
    def heap(at, seed):
        random = np.random.default_rng(seed)
        xyz = random.random((6000, 3))
        xyz[np.arange(6000), random.integers(0, 3, 6000)] = random.integers(0, 2, 6000)
        return xyz * (0.8, 0.5, 0.9) + at + random.normal(0, NOISE_M, xyz.shape)

    true = np.concatenate((trench(8), heap((0, 0.8, 0), 1), heap((-2, -1.8, 0), 2)))
    target = np.concatenate((trench(9), heap((0.25, 0.9, 0), 3), heap((-1.5, -1.5, 0), 4)))
    moved = displaced(true, (0.3, 0, 0), (0.05, 0.02, 0.01))
    found = aligned(moved, target)
    assert np.abs(found.fitted.similarity.apply(moved + ORIGIN) - ORIGIN - true).max() < 0.003


@needs_open3d
def test_a_limit_on_the_residual_holds():
    assert "rms" in refused(trench(2), trench(1), max_alignment_rms_m=1e-5)


def test_without_open3d_the_way_to_get_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(UsageError, match=r"twin-pipeline\[open3d\]") as caught:
        aligned(np.zeros((3, 3)), np.zeros((3, 3)))
    assert 'align = "none"' in str(caught.value)
