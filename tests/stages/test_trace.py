"""Following tubes whose axis is known on paper."""

import numpy as np
import pytest

from stages.made import bent, make_tube, pyramid_of, straight, tube_points
from twin_pipeline.geometry.tubes import Run
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.detect import DetectOptions, detect
from twin_pipeline.stages.trace import TraceOptions, Tracer
from twin_pipeline.stages.trace.following import _without_loose_ends

RADIUS_M = 0.085


def tracer_of(points: FloatArray) -> Tracer:
    return Tracer(detect(pyramid_of(points), DetectOptions()), TraceOptions())


def only_run(points: FloatArray) -> Run:
    run = tracer_of(points).next_run()
    assert run is not None
    return run


def tube(axis: FloatArray, seed: int = 1, radius_m: float = RADIUS_M) -> FloatArray:
    return tube_points(axis, radius_m, np.random.default_rng(seed), noise_m=0.003, arc_deg=160.0)


def off(run: Run, axis: FloatArray) -> FloatArray:
    return np.linalg.norm(run.axis[:, None] - axis[None], axis=2).min(axis=1)


def beyond(run: Run, axis: FloatArray) -> float:
    """Return how far a run goes on beyond the ends of an axis, metres."""
    ends = ((axis[0], axis[0] - axis[1]), (axis[-1], axis[-1] - axis[-2]))
    return max(
        float(np.max((run.axis[[0, -1]] - end) @ outward / np.linalg.norm(outward)))
        for end, outward in ends
    )


def lengthened(axis: FloatArray, by: int = 20) -> FloatArray:
    """Return an axis that goes on straight beyond both its ends by some of its steps."""
    steps = np.arange(1, by + 1)[:, None]
    before = axis[0] + steps[::-1] * (axis[0] - axis[1])
    return np.vstack([before, axis, axis[-1] + steps * (axis[-1] - axis[-2])])


def test_a_straight_tube_is_one_run_over_its_whole_length():
    run = only_run(tube(straight(4.0)))
    assert run.radius_m == pytest.approx(RADIUS_M, rel=0.1)
    assert np.sort(run.axis[[0, -1], 0]) == pytest.approx([0.0, 4.0], abs=0.25)
    assert np.abs(run.axis[:, 1:]).max() < 0.2 * RADIUS_M
    assert run.seen.mean() > 0.95
    steps = np.linalg.norm(np.diff(run.axis, axis=0), axis=1)
    assert np.ptp(steps) < 0.5 * steps.mean()


@pytest.mark.parametrize("angle_deg", [22.5, 45.0])
def test_a_run_goes_round_a_bend(angle_deg):
    axis = bent(2.0, angle_deg, 0.6, 2.0, step_m=0.01)
    run = only_run(tube(axis))
    assert np.linalg.norm(np.diff(run.axis, axis=0), axis=1).sum() > 0.9 * 0.01 * len(axis)
    assert beyond(run, axis) < 0.75 * RADIUS_M
    assert off(run, lengthened(axis)).max() < 0.2 * RADIUS_M


def test_a_hidden_stretch_is_bridged_and_marked():
    points = tube(straight(5.0))
    run = only_run(points[(points[:, 0] < 2.2) | (points[:, 0] > 2.8)])
    assert np.ptp(run.axis[:, 0]) > 4.5
    assert not run.seen[(run.axis[:, 0] > 2.35) & (run.axis[:, 0] < 2.65)].any()
    assert np.abs(run.axis[:, 1:]).max() < 0.4 * RADIUS_M


def test_a_gap_longer_than_the_option_is_not_bridged():
    points = tube(straight(6.0))
    tracer = tracer_of(points[(points[:, 0] < 2.0) | (points[:, 0] > 4.2)])
    first = tracer.next_run()
    assert np.ptp(first.axis[:, 0]) < 2.4
    tracer.take(first.axis, first.radius_m)
    second = tracer.next_run()
    assert np.sign(second.axis[:, 0].mean() - 3.1) == -np.sign(first.axis[:, 0].mean() - 3.1)


def test_what_is_taken_is_not_found_again():
    tracer = tracer_of(tube(straight(4.0)))
    run = tracer.next_run()
    tracer.take(run.axis, run.radius_m)
    assert tracer.next_run() is None


def test_taking_one_tube_leaves_the_other():
    beside = straight(4.0, (0.0, 0.5, 0.1))
    tracer = tracer_of(np.vstack([tube(straight(4.0)), tube(beside, seed=2, radius_m=0.06)]))
    runs = [tracer.next_run()]
    tracer.take(runs[0].axis, runs[0].radius_m)
    runs.append(tracer.next_run())
    assert sorted(round(float(np.median(run.axis[:, 1])), 1) for run in runs) == [0.0, 0.5]
    tracer.take(runs[1].axis, runs[1].radius_m)
    assert tracer.next_run() is None


def test_what_is_dismissed_does_not_come_back():
    tracer = tracer_of(tube(straight(4.0)))
    for _ in range(20):
        run = tracer.next_run()
        if run is None:
            break
        tracer.dismiss(run)
    assert run is None


def test_a_probe_is_a_well_seen_piece_of_a_long_run():
    tracer = tracer_of(tube(straight(5.0)))
    run = tracer.next_run()
    seen = run.seen & (run.axis[:, 0] > 2.5)
    partly = Run(run.axis, run.radius_m, seen, run.level)
    probe = tracer.probe(partly)
    assert len(probe.axis) < len(run.axis)
    assert probe.seen.all()
    assert probe.axis[:, 0].min() > 2.4
    assert tracer.probe(probe) is probe


@pytest.mark.parametrize(
    ("up", "under_open_sky", "found"), [(1, True, True), (-1, False, True), (-1, True, False)]
)
def test_under_the_open_sky_a_hollow_is_no_run(up, under_open_sky, found):
    seeds = detect(pyramid_of(tube(straight(3.0)) * [1.0, 1.0, up]), DetectOptions())
    tracer = Tracer(seeds, TraceOptions(), under_open_sky=under_open_sky)
    runs = iter(tracer.next_run, None)
    assert any(abs(run.radius_m - RADIUS_M) < 0.2 * RADIUS_M for run in runs) is found


def test_a_stub_is_no_run():
    assert tracer_of(tube(straight(0.2))).next_run() is None


def prolonged(points: FloatArray, nodes: FloatArray, **options: float) -> Run | None:
    """What following a measured piece on gives; patches are those of the level of a first run."""
    seeds = detect(pyramid_of(points), DetectOptions())
    level = int(seeds.level[np.argmin(np.abs(seeds.radius_m - RADIUS_M))])
    return Tracer(seeds, TraceOptions(**options)).prolong(make_tube(nodes, RADIUS_M), level)


def inside(nodes: FloatArray, run: Run) -> bool:
    """Whether a run holds all nodes one after the other, seen."""
    (first,) = np.flatnonzero((run.axis == nodes[0]).all(axis=1))
    piece = slice(first, first + len(nodes))
    return np.array_equal(run.axis[piece], nodes) and bool(run.seen[piece].all())


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("start_m", "length_m"), [(1.0, 1.0), (0.0, 1.5), (2.5, 1.5), (0.0, 3.2)])
def test_a_measured_tube_is_prolonged_from_both_ends(start_m, length_m, backwards):
    nodes = straight(length_m, (start_m, 0.0, 0.0))[:: -1 if backwards else 1]
    run = prolonged(tube(straight(4.0)), nodes)
    assert inside(nodes, run)
    assert run.radius_m == RADIUS_M
    x = run.axis[::-1, 0] if backwards else run.axis[:, 0]
    assert (np.diff(x) > 0.0).all()
    assert x[[0, -1]] == pytest.approx([0.0, 4.0], abs=0.1)
    assert np.abs(run.axis[:, 1:]).max() < 0.2 * RADIUS_M
    assert len(run.seen) == len(run.axis)
    assert run.seen.mean() > 0.95


def test_a_measured_tube_is_prolonged_round_a_bend():
    axis = bent(2.0, 45.0, 0.6, 2.0, step_m=0.01)
    run = prolonged(tube(axis), axis[20:120:5])
    assert np.linalg.norm(np.diff(run.axis, axis=0), axis=1).sum() > 0.95 * 0.01 * len(axis)
    assert off(run, lengthened(axis)).max() < 0.2 * RADIUS_M


def test_what_is_hidden_on_the_way_is_marked():
    points = tube(straight(5.0))
    seen = (points[:, 0] < 2.2) | (points[:, 0] > 2.8)
    run = prolonged(points[seen], straight(1.5))
    assert run.axis[-1, 0] > 4.5
    assert not run.seen[(run.axis[:, 0] > 2.35) & (run.axis[:, 0] < 2.65)].any()


@pytest.mark.parametrize(
    ("end_m", "options", "goes_on"),
    [
        (4.0, {}, False),
        (3.85, {}, False),
        (3.2, {}, True),
        (3.2, {"min_length_m": 0.6}, True),
        (3.2, {"min_length_m": 1.2}, False),
        (3.8, {"min_length_m": 0.1}, False),
    ],
    ids=["whole", "nearly", "goes on", "just enough", "too short to ask for", "under two calibres"],
)
def test_a_tube_is_prolonged_only_where_enough_of_it_is_found(end_m, options, goes_on):
    run = prolonged(tube(straight(4.0)), straight(end_m), **options)
    assert (run is not None) == goes_on


def test_both_ends_together_make_enough():
    nodes = straight(3.3, (0.35, 0.0, 0.0))
    assert prolonged(tube(straight(4.0)), nodes, min_length_m=0.5) is not None
    assert prolonged(tube(straight(3.65)), nodes, min_length_m=0.5) is None


def test_what_is_taken_prolongs_nothing():
    seeds = detect(pyramid_of(tube(straight(4.0))), DetectOptions())
    tracer, level = Tracer(seeds, TraceOptions()), int(seeds.level[0])
    piece = make_tube(straight(1.5), RADIUS_M)
    assert tracer.prolong(piece, level) is not None
    tracer.take(straight(4.0), RADIUS_M)
    assert tracer.prolong(piece, level) is None


def test_taking_marks_the_patches_on_and_in_a_tube_on_every_level():
    seeds = detect(pyramid_of(tube(straight(4.0))), DetectOptions())
    tracer, nodes = Tracer(seeds, TraceOptions()), straight(2.0)
    tracer.take(nodes, RADIUS_M)
    reach_m = np.hypot(1.25 * RADIUS_M + 0.01, 0.025)
    for number, patches in seeds.patches.items():
        distance = np.linalg.norm(patches.centroid[:, None] - nodes, axis=2).min(axis=1)
        expected = ~patches.usable | (distance <= reach_m)
        assert np.array_equal(tracer._taken[number], expected)
        assert expected[patches.centroid[:, 0] < 2.0].all()


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ("1111", (0, 3)),
        ("0111100", (1, 4)),
        ("1000100001", (0, 9)),
        ("100011111111", (4, 11)),
        ("11110011111", (0, 10)),
        ("1111111000011", (0, 6)),
        ("110001111110000101", (5, 10)),
    ],
)
def test_a_probe_has_no_ends_that_hang_on_a_gap(seen, expected):
    flags = np.array([c == "1" for c in seen])
    assert _without_loose_ends(flags) == expected
