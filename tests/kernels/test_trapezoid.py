import numpy as np
import pytest

from twin_pipeline.kernels import trapezoid

SHAPE = np.array([0.1, 0.05, 0.2, 0.02, 0.03, 0.002])


def test_medians_are_those_of_the_pieces():
    rise = np.random.default_rng(1).normal(size=500)
    first, last = np.array([0, 10, 40, 300]), np.array([200, 15, 47, 500])
    found = trapezoid.medians(rise, first, last, 6)
    expected = [
        np.median(rise[a:b]) if b - a >= 6 else 0.0 for a, b in zip(first, last, strict=True)
    ]
    assert found.tolist() == expected


def test_a_trapezoid_climbs_stays_level_and_falls():
    at = np.array([0.0, 0.1, 0.125, 0.15, 0.3, 0.36, 0.37, 0.5])
    expected = [0.002, 0.002, 0.016, 0.03, 0.03, 0.016, 0.002, 0.002]
    np.testing.assert_allclose(trapezoid.rise_at(at, SHAPE), expected, atol=1e-12)


@pytest.mark.parametrize("parameter", range(6))
def test_slopes_are_the_derivatives(parameter):
    at = np.linspace(0.0, 0.5, 403)
    step = np.zeros(6)
    step[parameter] = 1e-7
    change = trapezoid.rise_at(at, SHAPE + step) - trapezoid.rise_at(at, SHAPE - step)
    found = trapezoid.rise_slopes(at, SHAPE)[:, parameter]
    np.testing.assert_allclose(found, change / 2e-7, atol=1e-6)


def test_of_an_upright_face_the_length_changes_nothing():
    upright = np.array([0.1, 0.0, 0.2, 0.0, 0.03, 0.0])
    slopes = trapezoid.rise_slopes(np.linspace(0.0, 0.5, 100), upright)
    assert np.isfinite(slopes).all()
    assert not slopes[:, 1].any()
