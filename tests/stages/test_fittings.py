"""Bends of axes whose places are known on paper."""

import numpy as np
import pytest

from stages.made import bent, make_tube
from twin_pipeline.geometry import polyline
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.fittings import FittingsOptions, find_bends
from twin_pipeline.stages.fittings.alignment import Alignment


@pytest.mark.parametrize("bend_radius_m", [0.4, 0.8])
@pytest.mark.parametrize("angle_deg", [11.25, 22.5, 45.0, 90.0])
def test_a_bend_has_its_place_angle_and_radius(angle_deg, bend_radius_m):
    tube = make_tube(bent(2.0, angle_deg, bend_radius_m, 2.0))
    (bend,) = find_bends(tube, FittingsOptions())
    middle_m = 2.0 + 0.5 * np.radians(angle_deg) * bend_radius_m
    assert bend.angle_deg == pytest.approx(angle_deg, abs=0.2)
    assert bend.chainage_m == pytest.approx(middle_m, abs=0.08)


def radii(angle_deg: float, bend_radius_m: float, step_m: float) -> list[float]:
    """The radius found as the vertices of the axis move along it by a fifth of their spacing."""
    found = []
    for shift in range(5):
        nodes = bent(2.0 + 0.2 * shift * step_m, angle_deg, bend_radius_m, 2.0, step_m)
        (bend,) = find_bends(make_tube(nodes), FittingsOptions())
        found.append(bend.radius_m)
    return found


@pytest.mark.parametrize(
    ("angle_deg", "bend_radius_m", "step_m"),
    [
        (45.0, 0.6, 0.0425),
        (90.0, 0.4, 0.0425),
        (22.5, 0.6, 0.0425),
        (45.0, 0.9, 0.1),
    ],
)
def test_radius_of_a_bend_does_not_depend_on_where_vertices_fall(angle_deg, bend_radius_m, step_m):
    assert radii(angle_deg, bend_radius_m, step_m) == pytest.approx([bend_radius_m] * 5, rel=0.15)


def test_a_bend_is_found_in_a_noisy_axis():
    nodes = bent(2.0, 45.0, 0.6, 2.0)
    ripple = 0.001 * np.sin(np.linspace(0.0, 40.0, len(nodes)))
    (bend,) = find_bends(make_tube(nodes + ripple[:, None] * [0, 0.7, 0.7]), FittingsOptions())
    assert bend.angle_deg == pytest.approx(45.0, abs=1.0)


@pytest.mark.parametrize("seed", range(6))
def test_a_wide_bend_of_a_large_pipe_is_told_from_noise(seed):
    nodes = bent(3.0, 22.5, 3.3, 3.0, 0.1)
    noise = np.random.default_rng(seed).normal(0.0, 0.001, nodes.shape)
    (bend,) = find_bends(make_tube(nodes + noise, 0.42), FittingsOptions())
    assert bend.angle_deg == pytest.approx(22.5, abs=0.5)


def test_vertical_bends_count_as_horizontal_ones():
    nodes = bent(2.0, 45.0, 0.6, 2.0)[:, [0, 2, 1]]
    (bend,) = find_bends(make_tube(nodes), FittingsOptions())
    assert bend.angle_deg == pytest.approx(45.0, abs=0.2)


@pytest.mark.parametrize("between_m", [0.5, 2.0])
def test_two_bends_are_told_apart(between_m):
    first = bent(2.0, 45.0, 0.6, between_m / 2)
    second = bent(between_m / 2, 22.5, 0.6, 2.0)
    turn = np.radians(45.0)
    rotation = np.array(
        [[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    nodes = np.vstack([first, (second @ rotation + first[-1])[1:]])
    bends = find_bends(make_tube(nodes), FittingsOptions())
    assert [bend.angle_deg for bend in bends] == pytest.approx([45.0, 22.5], abs=0.5)
    middles = [2.0 + 0.3 * turn, 2.0 + 0.6 * turn + between_m + 0.15 * turn]
    assert [bend.chainage_m for bend in bends] == pytest.approx(middles, abs=0.08)


@pytest.mark.parametrize("angle_deg", [0.0, 1.5])
def test_a_straight_pipe_has_no_bend(angle_deg):
    assert find_bends(make_tube(bent(2.0, angle_deg, 0.6, 2.0)), FittingsOptions()) == []


def test_a_wide_curve_of_the_route_is_no_bend():
    assert find_bends(make_tube(bent(1.0, 30.0, 12.0, 1.0)), FittingsOptions()) == []


def offset_axis(between_m: float) -> FloatArray:
    """An axis that leaves its course by two bends of 22.5 degrees and a short straight."""
    first = bent(2.0, 22.5, 0.68, between_m / 2)
    second = bent(between_m / 2, 22.5, 0.68, 2.0)[:, [0, 1, 2]] * [1.0, -1.0, 1.0]
    turn = np.radians(22.5)
    rotation = np.array(
        [[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    return np.vstack([first, (second @ rotation + first[-1])[1:]])


def test_bends_of_an_offset_are_measured_by_their_arcs_and_the_long_straights():
    """Between them sockets leave too little of the pipe to show where it goes."""
    nodes = offset_axis(0.4)
    own = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(nodes, axis=0), axis=1))])
    arc_end = 2.0 + 0.68 * np.radians(22.5)
    share = np.clip((own - arc_end - 0.02) / 0.36, 0.0, 1.0)
    hidden = (share > 0.0) & (share < 1.0)
    wrong = nodes + 0.003 * np.sin(np.pi * share)[:, None] ** 2 * [0.0, 0.9, 0.4]
    bends = find_bends(make_tube(wrong, observed=~hidden), FittingsOptions())
    assert [bend.angle_deg for bend in bends] == pytest.approx([22.5, 22.5], abs=0.3)
    assert [bend.radius_m for bend in bends] == pytest.approx([0.68, 0.68], rel=0.15)


def two_quarters(leg_m: float) -> FloatArray:
    """An axis that goes aside by two bends of 90 degrees, as around a shaft."""
    first, second = bent(2.0, 90.0, 0.25, leg_m / 2), bent(leg_m / 2, 90.0, 0.25, 2.0)
    back = second[:, [1, 0, 2]] + first[-1]
    return np.vstack([first, back[1:]])


@pytest.mark.parametrize("leg_m", [0.2, 0.3])
def test_two_bends_with_next_to_no_straight_between_are_told(leg_m):
    nodes = two_quarters(leg_m)
    ripple = 0.0005 * np.sin(np.linspace(0.0, 60.0, len(nodes)))[:, None] * [0.5, 0.5, 0.5]
    bends = find_bends(make_tube(nodes + ripple), FittingsOptions())
    assert [bend.angle_deg for bend in bends] == pytest.approx([90.0, 90.0], abs=0.5)


def test_a_hidden_bend_next_to_one_that_is_seen_is_measured_with_it():
    nodes = offset_axis(0.6)
    own = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(nodes, axis=0), axis=1))])
    share = np.clip((own - 1.75) / 0.55, 0.0, 1.0)
    hidden = (share > 0.0) & (share < 1.0)
    cut = nodes - 0.02 * np.sin(np.pi * share)[:, None] ** 2 * [0.2, -0.98, 0.0]
    std_m = np.where(hidden, 0.03, 0.0006)
    tube = make_tube(cut, observed=~hidden, std_h_m=std_m)
    bends = find_bends(tube, FittingsOptions())
    assert [bend.angle_deg for bend in bends] == pytest.approx([22.5, 22.5], abs=0.5)


@pytest.mark.parametrize("aside", [1.0, -1.0])
def test_a_bend_of_which_a_socket_hides_a_part_is_told_by_its_straights(aside):
    nodes = bent(3.0, 45.0, 1.0, 3.0, 0.1)
    own = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(nodes, axis=0), axis=1))])
    share = np.clip((own - 3.6) / 0.45, 0.0, 1.0)
    hidden = (share > 0.0) & (share < 1.0)
    wrong = nodes + 0.035 * aside * np.sin(np.pi * share)[:, None] ** 2 * [-0.5, 0.8, 0.0]
    tube = make_tube(wrong, 0.315, observed=~hidden, std_h_m=np.where(hidden, 0.07, 0.001))
    (bend,) = find_bends(tube, FittingsOptions())
    assert bend.angle_deg == pytest.approx(45.0, abs=0.3)


def test_a_bend_at_the_very_end_has_no_straight_to_measure_it_by():
    assert find_bends(make_tube(bent(2.0, 45.0, 0.6, 0.05)), FittingsOptions()) == []


def hidden_bend(angle_deg: float, *, offset_m: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """Nodes (K, 3) that cut short a bend that is hidden, and where they were seen (K,)."""
    rng = np.random.default_rng(4)
    nodes = bent(3.0, angle_deg, 1.0, 3.0)
    arc_m = np.radians(angle_deg)
    at = np.linspace(0.0, 6.0 + arc_m, len(nodes))
    observed = (at < 2.85) | (at > 3.0 + arc_m + 0.15)
    first, last = np.flatnonzero(~observed)[[0, -1]]
    nodes[last:, 2] += offset_m
    chord = np.linspace(0.0, 1.0, last - first + 1)[:, None]
    nodes[first : last + 1] = nodes[first] + chord * (nodes[last] - nodes[first])
    nodes[:, 1] += np.cumsum(rng.normal(0.0, 0.0001, len(nodes)))
    return nodes, observed


@pytest.mark.parametrize("angle_deg", [22.5, 45.0, 90.0])
def test_the_straights_tell_the_angle_of_a_hidden_bend(angle_deg):
    nodes, observed = hidden_bend(angle_deg)
    (bend,) = find_bends(make_tube(nodes, observed=observed), FittingsOptions())
    assert bend.angle_deg == pytest.approx(angle_deg, abs=0.5)
    assert bend.radius_m is None
    assert bend.chainage_m == pytest.approx(3.0 + 0.5 * np.radians(angle_deg), abs=0.15)


def test_no_angle_is_stated_of_a_hidden_offset():
    """Straights that pass each other are joined by two bends at least."""
    nodes, observed = hidden_bend(45.0, offset_m=0.3)
    assert not find_bends(make_tube(nodes, observed=observed), FittingsOptions())


def test_no_angle_is_stated_between_straights_that_are_hardly_known():
    nodes, observed = hidden_bend(45.0)
    unsure = np.full(len(nodes), 0.02)
    assert not find_bends(make_tube(nodes, observed=observed, std_v_m=unsure), FittingsOptions())


STANDARD_DEG = (11.25, 22.5, 45.0, 90.0)


def wide_offset(angle_deg: float, leg_m: float, bend_radius_m: float) -> FloatArray:
    """An axis through two wide bends, back and forth, 8 cm between nodes."""
    turn = np.radians(angle_deg)
    leg = leg_m * np.array([np.cos(turn), np.sin(turn), 0.0])
    corners = np.cumsum([np.zeros(3), [3.0, 0.0, 0.0], leg, [3.0, 0.0, 0.0]], axis=0)
    laid = Alignment(corners, np.full(2, bend_radius_m))
    return polyline.resample(laid.feet(polyline.resample(corners, 0.01)), 0.08)


def test_of_arcs_without_a_straight_between_them_what_bends_are_made_to_tells_the_angle():
    """Angle and radius go for each other, where an axis is smooth to a millimetre."""
    nodes = wide_offset(22.5, 1.6, 3.5)
    smooth = np.array([nodes[max(k - 4, 0) : k + 5].mean(axis=0) for k in range(len(nodes))])
    smooth[:4], smooth[-4:] = nodes[:4], nodes[-4:]
    tube = make_tube(smooth, 0.15)
    alone, told = (
        find_bends(tube, FittingsOptions()),
        find_bends(tube, FittingsOptions(), STANDARD_DEG),
    )
    assert min(bend.angle_deg for bend in alone) < 22.5 - 0.5
    assert [bend.angle_deg for bend in told] == pytest.approx([22.5, 22.5], abs=0.4)


def test_a_bend_that_is_none_of_the_standard_ones_is_told_as_it_is():
    (bend,) = find_bends(make_tube(bent(2.0, 33.0, 0.5, 2.0)), FittingsOptions(), STANDARD_DEG)
    assert bend.angle_deg == pytest.approx(33.0, abs=0.1)
    (bend,) = find_bends(make_tube(bent(2.0, 24.0, 0.5, 2.0)), FittingsOptions(), STANDARD_DEG)
    assert bend.angle_deg == pytest.approx(24.0, abs=0.3)


def test_a_socket_beside_a_bend_is_no_second_one():
    """It leads the axis a centimetre too far before it comes back."""
    nodes = bent(2.5, 45.0, 0.05, 2.5)
    off = 0.016 * np.clip(1.0 - np.abs(polyline.chainage(nodes) - 2.75) / 0.2, 0.0, None)
    wrong = nodes + off[:, None] * [-0.7, 0.7, 0.0]
    bends = find_bends(make_tube(wrong, 0.11), FittingsOptions())
    assert [bend.angle_deg for bend in bends] == pytest.approx([45.0], abs=0.8)


def test_an_axis_that_climbs_the_socket_at_a_bends_end_does_not_turn_the_bend():
    nodes = bent(3.0, 11.25, 0.3, 3.0)
    off = 0.018 * np.clip(1.0 - np.abs(polyline.chainage(nodes) - 3.1) / 0.17, 0.0, None)
    climbed = nodes + off[:, None] * [0.2, -0.98, 0.0]
    bends = find_bends(make_tube(climbed, 0.085), FittingsOptions())
    assert [bend.angle_deg for bend in bends] == pytest.approx([11.25], abs=0.3)


@pytest.mark.parametrize("times", [1.0, 1.75])
def test_a_bend_whose_socket_an_axis_climbs_is_told_by_its_straights(times):
    """It went as far aside on a main of 450 mm, in drift, and nearly twice as far."""
    along = np.arange(0.0, 9.7, 0.1)
    aside = np.zeros(len(along))
    aside[37:50] = 1e-3 * times * np.array([0, 0, 3, 7, 18, 26, 25, 11, -4, -3, -1, 0, 0])
    turned = np.clip(along - 4.517, 0.0, None) * np.tan(np.radians(11.25))
    nodes = np.column_stack([along, aside - turned, np.zeros(len(along))])
    tube = make_tube(nodes, 0.24, std_h_m=np.full(len(nodes), 0.003))
    bends = find_bends(tube, FittingsOptions(), STANDARD_DEG)
    assert [bend.angle_deg for bend in bends] == pytest.approx([11.25], abs=0.3)


def test_arcs_that_are_hidden_in_part_are_one_bend_each():
    """Where nothing is seen an axis is straight."""
    nodes = wide_offset(22.5, 1.2, 2.2)
    own = polyline.chainage(nodes)
    hidden = np.zeros(len(own), bool)
    for start, end in ((2.9, 3.15), (4.05, 4.35)):
        inside = np.flatnonzero((own > start) & (own < end))
        hidden[inside] = True
        first, last = nodes[inside[0] - 1], nodes[inside[-1] + 1]
        nodes[inside] = first + np.linspace(0, 1, len(inside) + 2)[1:-1, None] * (last - first)
    tube = make_tube(nodes, 0.3, observed=~hidden, std_h_m=np.where(hidden, 0.03, 0.001))
    bends = find_bends(tube, FittingsOptions(), STANDARD_DEG)
    assert [bend.angle_deg for bend in bends] == pytest.approx([22.5, 22.5], abs=0.5)


def test_a_bend_beside_which_an_axis_sways_is_one():
    """By half a centimetre to and fro before it; two arcs that fit were known to ten degrees."""
    swaying = 1e-4 * np.array(
        [
            [7629, 1, -6],
            [8478, 1, -10],
            [9324, 7, -16],
            [10168, -2, -23],
            [11024, 58, -29],
            [11859, -62, -33],
            [12659, 121, -36],
            [13216, 789, -29],
            [13777, 1418, -23],
            [14412, 1983, -18],
        ]
    )
    into = np.arange(0.0, 0.76, 0.0847)[:, None] * [1.0, 0.0, 0.0]
    out = swaying[-1] + np.arange(1, 12)[:, None] * [0.05995, 0.05996, 0.0001]
    nodes = np.vstack([into, swaying, out])
    bends = find_bends(make_tube(nodes, 0.162), FittingsOptions(), STANDARD_DEG)
    assert [bend.angle_deg for bend in bends] == pytest.approx([45.0], abs=0.5)
