"""Ways through hidden stretches, on offsets whose axis is known on paper."""

import math

import numpy as np
import pytest

from stages.made import make_tube, pyramid_of, run_along, straight, tube_points
from twin_pipeline.geometry import polyline
from twin_pipeline.stages.measure import MeasureOptions, led_through_offsets, measure

RADIUS_M = 0.085


def offset_axis(corners=(2.0, 2.65), drop_m=0.27, bend_m=0.13):
    """A line along x that goes down between two corners, which parabolas round."""
    x = np.arange(0.0, 5.0, 0.01)
    fall = drop_m / (corners[1] - corners[0])
    z = np.zeros(len(x))
    for corner, turn in zip(corners, (-fall, fall), strict=True):
        past = np.clip((x - corner + bend_m) / (2 * bend_m), 0.0, 1.0)
        z += turn * np.where(x - corner < bend_m, bend_m * past**2, x - corner)
    return np.column_stack([x, 0.3 * x, z - 1.0])


def scanned(axis, hidden):
    """The points on a tube of which stretches of x are hidden."""
    rng = np.random.default_rng(4)
    points = tube_points(axis, RADIUS_M, rng, arc_deg=160.0, noise_m=0.003)
    return points[
        ~np.any([(points[:, 0] > a) & (points[:, 0] < b) for a, b in (*hidden, (9, 9))], axis=0)
    ]


HIDDEN = ((1.75, 1.95), (2.1, 2.5), (2.65, 2.85))


def guessed(axis):
    """A tube that passes smoothly, but not where the pipe is, from one straight to the other."""
    nodes = polyline.resample(axis, 0.04)
    place = (nodes[:, 0] > 1.7) & (nodes[:, 0] < 2.9)
    share = np.clip((nodes[:, 0] - 1.7) / 1.2, 0.0, 1.0)
    wrong = nodes.copy()
    wrong[:, 2] = -1.0 - 0.27 * share**2 * (3.0 - 2.0 * share)
    wrong[:, 2] += 0.06 * np.sin(math.pi * share) ** 2
    hidden = np.any([(nodes[:, 0] > a) & (nodes[:, 0] < b) for a, b in ((1.7, 2.9),)], axis=0)
    assert np.abs(wrong - nodes)[place, 2].max() > 0.05
    return make_tube(wrong, RADIUS_M, observed=~hidden)


def off_m(nodes, axis):
    nodes = nodes[(nodes[:, 0] > 1.0) & (nodes[:, 0] < 4.0)]
    away = np.linalg.norm(nodes[:, None] - axis[None], axis=2).min(axis=1)
    return float(away.max())


def test_a_hidden_offset_is_led_where_the_barrel_shows_between_its_sockets():
    axis = offset_axis()
    (run,) = led_through_offsets(pyramid_of(scanned(axis, HIDDEN)), guessed(axis))
    assert off_m(run.axis, axis) < 0.012
    held = run.axis[run.held]
    assert held[0, 0] < 1.75
    assert held[-1, 0] > 2.85
    assert not run.held[0]
    assert not run.held[-1]


def test_what_is_held_stays_where_nothing_is_seen():
    axis = offset_axis()
    line = polyline.resample(axis, 0.04)
    held = (line[:, 0] > 1.7) & (line[:, 0] < 2.9)
    hidden = ((1.75, 2.85),)
    kept = measure(
        pyramid_of(scanned(axis, hidden)), run_along(line, RADIUS_M, held=held), MeasureOptions()
    )
    assert off_m(kept.nodes, axis) < 0.012
    assert kept.held is not None
    assert 1.6 < kept.nodes[kept.held][0, 0] < 1.8


@pytest.mark.parametrize("seen", ["a straight pipe", "nothing hidden", "the way is right"])
def test_no_other_way_is_tried_where_none_is_needed(seen):
    axis = offset_axis()
    if seen == "a straight pipe":
        axis = straight(5.0, (0.0, 0.0, -1.0))
    nodes = polyline.resample(axis, 0.04)
    hidden = () if seen == "nothing hidden" else ((2.1, 2.5),)
    observed = ~np.any(
        [(nodes[:, 0] > a) & (nodes[:, 0] < b) for a, b in hidden] or [nodes[:, 0] < 0], axis=0
    )
    tube = make_tube(nodes, RADIUS_M, observed=observed)
    assert list(led_through_offsets(pyramid_of(scanned(axis, hidden)), tube)) == []


def test_no_two_bends_are_led_where_one_joins_the_straights():
    corner = np.array([2.15, 0.0, -1.0])
    ends = np.array([0.0, 0.0, -1.0]), corner + 2.85 * np.array([1.0, 1.0, 0.0]) / math.sqrt(2.0)
    beyond = np.array([2.45, 0.0, -1.0])
    back = corner + 0.55 * np.array([1.0, 1.0, 0.0]) / math.sqrt(2.0)
    rng = np.random.default_rng(4)
    # a ledge of soil lies as a tube would that goes on straight and comes back
    soil = tube_points(
        polyline.resample(np.array([corner, beyond, back]), 0.02), RADIUS_M, rng, arc_deg=60.0
    )
    pipe = polyline.resample(np.array([ends[0], corner, ends[1]]), 0.01)
    points = tube_points(pipe, RADIUS_M, rng, arc_deg=160.0, noise_m=0.003)
    along = points[:, 0] + 0.4 * points[:, 1]
    points = np.vstack([points[(along < 1.95) | (along > 2.85)], soil])
    nodes = polyline.resample(np.array([ends[0], np.array([1.95, 0.0, -1.0]), back, ends[1]]), 0.04)
    seen = (nodes[:, 0] < 1.95) | (nodes[:, 0] > back[0])
    tube = make_tube(nodes, RADIUS_M, observed=seen)
    assert list(led_through_offsets(pyramid_of(points), tube)) == []
