import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tests.registration.made import SITE, TARGETS, scanner_frame, with_first_off
from twin_pipeline.model import PointCloud
from twin_pipeline.registration.fit import fit, mirrored_rms_m, on_a_line

SIGMA_M = 0.004
ANGLE = st.floats(-180, 180)


def fitted(source, target, *, scaled=False, std_m=SIGMA_M):
    return fit(source, target, np.full(len(source), std_m), scaled=scaled)


@given(st.tuples(ANGLE, ANGLE, ANGLE), st.floats(0.5, 2.0), st.floats(-4e5, 4e5), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_change_of_frame_is_found_exactly(angles, scale, far, scaled):
    rotation = Rotation.from_euler("ZYX", angles, degrees=True).as_matrix()
    scale = scale if scaled else 1.0
    target = TARGETS + np.array([far, -far, 10.0])
    source = (TARGETS - SITE) @ rotation / scale
    found = fitted(source, target, scaled=scaled)
    assert np.abs(found.residuals).max() < 1e-6
    assert found.similarity.scale == pytest.approx(scale, rel=1e-9)
    assert np.linalg.det(found.similarity.rotation) == pytest.approx(1.0)


@pytest.mark.parametrize("scaled", [False, True])
def test_sigma_is_what_repetition_shows(scaled):
    """Places on and far beside the control points, over scans with errors of their own."""
    random = np.random.default_rng(8)
    source = scanner_frame()(TARGETS)
    places = np.vstack((TARGETS.mean(axis=0), SITE + np.array([30.0, 5.0, -2.0])))
    inside = scanner_frame()(places)
    misses, sigmas = [], []
    for _ in range(400):
        found = fitted(source + random.normal(0, SIGMA_M, source.shape), TARGETS, scaled=scaled)
        misses.append(found.similarity.apply(inside) - places)
        sigmas.append(found.std_m(places))
    scatter = np.sqrt(np.mean(np.square(misses), axis=0))
    claimed = np.sqrt(np.mean(np.square(sigmas), axis=0))
    assert claimed[:, 0] == pytest.approx(np.sqrt(np.mean(scatter[:, :2] ** 2, axis=1)), rel=0.25)
    assert claimed[:, 1] == pytest.approx(scatter[:, 2], rel=0.25)
    assert claimed[1].min() > 1.5 * claimed[0].min()


def test_points_count_by_their_sigma():
    source = scanner_frame()(TARGETS)
    target = TARGETS.copy()
    target[0, 2] += 0.3
    doubted = fit(source, target, np.array([10.0, *[0.004] * 5]), scaled=False)
    assert np.abs(doubted.residuals[1:]).max() < 1e-3
    assert doubted.residuals[0, 2] == pytest.approx(-0.3, abs=1e-3)


def test_residuals_beyond_the_sigma_widen_it():
    source = scanner_frame()(TARGETS)
    clean, wrong = (
        fitted(source, target).std_m(TARGETS) for target in (TARGETS, with_first_off([0, 0, 0.1]))
    )
    assert (wrong > 2 * clean).all()


def test_a_cloud_moves_as_its_coordinates_do():
    change = fitted(scanner_frame()(TARGETS), TARGETS).similarity
    points = scanner_frame()(SITE + np.random.default_rng(2).uniform(-9, 9, (50, 3)))
    moved = change.moved(PointCloud(points - [1.0, 2.0, 3.0], np.array([1.0, 2.0, 3.0])))
    assert np.abs(moved.xyz + moved.origin - change.apply(points)).max() < 1e-8
    assert np.array_equal(moved.origin, np.round(moved.origin))
    assert np.abs(moved.xyz).max() < 20


def test_lines_and_mirrors_are_known():
    assert on_a_line(SITE + np.outer(np.arange(4.0), [3.0, 1.0, 0.2]))
    assert not on_a_line(TARGETS)
    mirrored = scanner_frame()(TARGETS)[:, [1, 0, 2]]
    assert mirrored_rms_m(mirrored, TARGETS) < 1e-6
