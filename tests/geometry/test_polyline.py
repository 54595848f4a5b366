import itertools

import numpy as np
import pytest
from shapes import random_motion, square_bend, wavy

from twin_pipeline.geometry.polyline import (
    along,
    angle_deg,
    chainage,
    directions,
    extend,
    length,
    off_line,
    resample,
    simplified,
    straight_through,
)

STAIRS = np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0], [3.0, 4.0, 2.0], [3.0, 5.0, 2.0]])


def test_chainage_adds_up_the_lengths():
    assert chainage(STAIRS).tolist() == [0.0, 5.0, 7.0, 8.0]
    assert chainage(STAIRS[:1]).tolist() == [0.0]


def test_chainage_of_an_arc_is_its_length():
    route = square_bend(2.0, 0.7)
    nodes = route.at(np.linspace(0.0, route.length_m, 2000))[0]
    assert chainage(nodes)[-1] == pytest.approx(route.length_m, rel=1e-6)


def test_chainage_stays_when_the_line_moves_or_turns_round():
    nodes, motion = wavy(50, 0.1), random_motion(np.random.default_rng(1))
    np.testing.assert_allclose(chainage(motion.points(nodes)), chainage(nodes), atol=1e-12)
    turned = chainage(nodes)[-1] - chainage(nodes[::-1])[::-1]
    np.testing.assert_allclose(turned, chainage(nodes), atol=1e-12)


def test_places_along_a_line():
    at = np.array([0.0, 2.5, 6.0, 7.25, 8.0])
    expected = [[0, 0, 0], [1.5, 2, 0], [3, 4, 1], [3, 4.25, 2], [3, 5, 2]]
    np.testing.assert_allclose(along(STAIRS, STAIRS, at), expected, atol=1e-12)


def test_values_along_a_line_are_those_of_its_vertices_and_between():
    values = np.array([1.0, 3.0, -1.0, 0.0])
    np.testing.assert_allclose(along(STAIRS, values, chainage(STAIRS)), values)
    np.testing.assert_allclose(along(STAIRS, values, np.array([2.5, 6.0])), [2.0, 1.0])
    columns = along(STAIRS, np.column_stack([values, 2.0 * values]), np.array([2.5]))
    np.testing.assert_allclose(columns, [[2.0, 4.0]])


def test_beyond_the_ends_the_ends_hold():
    ends = along(STAIRS, STAIRS, np.array([-1.0, 9.0]))
    assert np.array_equal(ends, STAIRS[[0, -1]])


@pytest.mark.parametrize("span_m", [0.05, 0.5])
def test_directions_of_an_arc_are_its_tangents(span_m):
    angle = np.linspace(0.0, 1.2, 400)
    nodes = np.column_stack([2.0 * np.cos(angle), 2.0 * np.sin(angle), np.zeros(400)])
    found = directions(nodes, span_m)
    tangents = np.column_stack([-np.sin(angle), np.cos(angle), np.zeros(400)])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-12)
    inner = slice(int(span_m / 2.0 / 1.2 * 400) + 2, -int(span_m / 2.0 / 1.2 * 400) - 2)
    np.testing.assert_allclose(found[inner], tangents[inner], atol=1e-4)
    # at an end the chord reaches to one side only: half its angle off
    assert angle_deg(found[0], tangents[0]) == pytest.approx(np.degrees(span_m / 4.0), rel=0.01)


def test_a_span_longer_than_the_line_gives_its_chord():
    chord = STAIRS[-1] / np.linalg.norm(STAIRS[-1])
    np.testing.assert_allclose(directions(STAIRS, 100.0), np.tile(chord, (4, 1)), atol=1e-12)


def test_directions_turn_with_the_line():
    nodes, motion = wavy(40, 0.1), random_motion(np.random.default_rng(2))
    found = directions(motion.points(nodes), 0.3)
    np.testing.assert_allclose(found, motion.vectors(directions(nodes, 0.3)), atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-3, 45.0, 90.0, 179.0, 180.0])
def test_angles_whatever_the_lengths(angle):
    rad = np.radians(angle)
    second = 0.2 * np.array([np.cos(rad), np.sin(rad), 0.0])
    found = angle_deg(np.array([7.0, 0.0, 0.0]), second)
    assert found == pytest.approx(angle, abs=1e-5)


@pytest.mark.parametrize(("step_m", "count"), [(0.1, 20), (0.3, 7), (5.0, 2)])
def test_resampled_lines_have_even_steps_and_the_same_ends(step_m, count):
    line = np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.5, 1.5, 0.0]])
    found = resample(line, step_m)
    assert len(found) == count + 1
    np.testing.assert_allclose(found[[0, -1]], line[[0, -1]])
    places = found[:, 0] + found[:, 1]
    np.testing.assert_allclose(places, np.linspace(0.0, 2.0, count + 1), atol=1e-12)


@pytest.mark.parametrize("length_m", [0.05, 0.4, 1.01])
def test_extended_lines_go_on_straight_at_both_ends(length_m):
    line = np.column_stack([np.arange(5) * 0.1, np.zeros(5), np.full(5, 2.0)])
    found = extend(line, length_m, back=3)
    assert length(found) >= length(line) + 2.0 * length_m - 1e-9
    assert length(found) < length(line) + 2.0 * (length_m + 0.1)
    np.testing.assert_allclose(np.diff(found, axis=0), [[0.1, 0.0, 0.0]] * (len(found) - 1))
    np.testing.assert_allclose(found[:, 1:], [[0.0, 2.0]] * len(found))


def test_simplified_line_stays_within_its_tolerance():
    t = np.linspace(0, 9, 900)
    line = np.column_stack((2 * np.cos(t), 2 * np.sin(t), 0.3 * t))
    for tolerance_m in (0.001, 0.05, 0.5):
        kept = simplified(line, tolerance_m)
        dense = np.concatenate(
            [a + (b - a) * np.linspace(0, 1, 400)[:, None] for a, b in itertools.pairwise(kept)]
        )
        away = np.array([np.linalg.norm(dense - p, axis=1).min() for p in line])
        assert away.max() < tolerance_m + 0.01
        assert len(kept) < 300
    assert np.array_equal(simplified(line[:2], 1.0), line[:2])


def test_uneven_nodes_lie_on_their_line():
    at = np.cumsum(np.random.default_rng(4).uniform(0.02, 0.14, 40))
    nodes = at[:, None] * np.array([0.6, 0.8, 0.0])
    off, straight = off_line(nodes, 4, 0.999)
    assert straight.all()
    np.testing.assert_allclose(off, 0.0, atol=1e-12)
    nodes[20, 2] = 0.03
    off, _ = off_line(nodes, 4, 0.999)
    np.testing.assert_allclose(off[20 - 8], [0.0, 0.0, 0.03], atol=1e-12)


def test_a_straight_leads_from_the_first_vertex_to_the_last():
    rng = np.random.default_rng(4)
    course = np.array([2.0, -1.0, 0.5]) / np.linalg.norm([2.0, -1.0, 0.5])
    nodes = np.linspace(0.0, 3.0, 40)[:, None] * course + rng.normal(0.0, 1e-3, (40, 3)) + 7.0
    for way in (1, -1):
        middle, found = straight_through(nodes[::way])
        assert found == pytest.approx(way * course, abs=1e-3)
        assert middle == pytest.approx(7.0 + 1.5 * course, abs=1e-3)
