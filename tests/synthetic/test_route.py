"""Centrelines of lines and arcs: tangent, of exact length, and found again from points."""

import math

import numpy as np
import pytest

from twin_pipeline.errors import UsageError
from twin_pipeline.synthetic.route import Arc, fillet

CORNER = [(0.0, 0.0, 0.0), (4.0, 0.0, -0.2), (7.0, 2.0, 0.3)]


def test_length_of_a_right_angle_is_analytic():
    route = fillet([(0, 0, 0), (3, 0, 0), (3, 3, 0)], 1.0)
    assert route.length_m == pytest.approx(2 + 2 + math.pi / 2)


def test_pieces_join_without_step_or_kink():
    route = fillet(CORNER, 0.8)
    for mark in route.starts[1:]:
        (a, b), (s, t) = route.at(np.array([mark - 1e-9, mark + 1e-9]))
        assert np.linalg.norm(b - a) < 1e-8
        assert s @ t == pytest.approx(1.0, abs=1e-12)


def test_tangent_is_the_derivative():
    route = fillet(CORNER, 0.8)
    marks = np.linspace(0.1, route.length_m - 0.1, 57)
    h = 1e-6
    derivative = (route.at(marks + h)[0] - route.at(marks - h)[0]) / (2 * h)
    np.testing.assert_allclose(derivative, route.at(marks)[1], atol=1e-8)


def test_angle_of_the_bend_is_that_between_the_legs():
    arc = next(p for p in fillet(CORNER, 0.8).pieces if isinstance(p, Arc))
    legs = np.diff(np.array(CORNER), axis=0)
    cosine = legs[0] @ legs[1] / np.prod(np.linalg.norm(legs, axis=1))
    assert arc.angle_rad == pytest.approx(math.acos(cosine))


def test_project_agrees_with_a_dense_search():
    rng = np.random.default_rng(4)
    route = fillet(CORNER, 0.8)
    points = np.array(CORNER)[rng.integers(3, size=60)] + rng.normal(0, 0.3, (60, 3))
    chainage, distance = route.project(points)
    marks = np.linspace(0, route.length_m, 40_001)
    line = route.at(marks)[0]
    away = np.linalg.norm(points[:, None] - line[None], axis=2)
    np.testing.assert_allclose(distance, away.min(axis=1), atol=1e-6)
    # Near a bend's centre many places are equally near: the distance counts there.
    np.testing.assert_allclose(
        np.linalg.norm(points - route.at(chainage)[0], axis=1), distance, atol=1e-9
    )


def test_dense_keeps_the_ends_of_all_pieces():
    route = fillet(CORNER, 0.8)
    marks = route.dense(0.3)
    assert np.diff(marks).max() <= 0.3 + 1e-9
    for mark in [*route.starts, route.length_m]:
        assert np.abs(marks - mark).min() < 1e-8


def test_bends_that_do_not_fit_name_what_they_need():
    with pytest.raises(UsageError, match=r"need 2\.\d+ m between them but have 1\.000 m; reduce"):
        fillet([(0, 0, 0), (1, 0, 0), (1, 1, 0), (2, 1, 0)], 2.5)


def test_fitted_bends_shrink_instead():
    route = fillet([(0, 0, 0), (1, 0, 0), (1, 1, 0), (2, 1, 0)], 2.5, fit=True)
    assert all(p.radius_m <= 0.45 + 1e-9 for p in route.pieces if isinstance(p, Arc))


def test_repeated_vertex_is_named():
    with pytest.raises(UsageError, match="two in a row are equal"):
        fillet([(0, 0, 0), (0, 0, 0), (1, 1, 0)], 0.5)
