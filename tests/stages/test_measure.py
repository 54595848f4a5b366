"""The adjustment on tubes whose axis and radius are known on paper."""

from dataclasses import replace

import numpy as np
import pytest

from stages.made import bent, plane_points, pyramid_of, run_along, straight, tube_points
from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.judge import JudgeOptions, why_not_a_pipe
from twin_pipeline.stages.measure import MeasureOptions, measure, thinned, with_all_points
from twin_pipeline.stages.measure.precision import bump_std, wander

SEEDS = range(6)
DIAMETERS = {0.06: (3.0, 20_000.0), 0.17: (4.0, 10_000.0), 0.8: (5.0, 2_500.0)}
"""Length and points a square metre by outer diameter."""


def measured(points: FloatArray, axis: FloatArray, radius_m: float) -> Tube:
    tube = measure(pyramid_of(points), run_along(axis, radius_m), MeasureOptions())
    assert tube is not None
    return tube


def off_line(nodes: FloatArray, axis: FloatArray) -> FloatArray:
    """Distance (K,) of nodes from the straight line through an axis."""
    direction = (axis[-1] - axis[0]) / np.linalg.norm(axis[-1] - axis[0])
    offset = nodes - axis[0]
    return np.linalg.norm(offset - np.outer(offset @ direction, direction), axis=1)


def half_seen(diameter_m: float, noise_m: float, seed: int) -> tuple[FloatArray, Tube]:
    """A straight tube seen from above, measured from a start that is off and too wide."""
    rng = np.random.default_rng(seed)
    length_m, per_m2 = DIAMETERS[diameter_m]
    axis = straight(length_m, (0.3, -0.2, -1.4), heading_deg=30.0)
    points = tube_points(axis, diameter_m / 2, rng, noise_m=noise_m, per_m2=per_m2)
    start = axis + rng.normal(0.0, 0.03 * diameter_m, 3)
    return axis, measured(points, start, 1.05 * diameter_m / 2)


@pytest.mark.parametrize("noise_m", [0.002, 0.004, 0.006])
@pytest.mark.parametrize("diameter_m", DIAMETERS)
def test_diameter_and_axis_come_back_with_an_honest_sigma(diameter_m, noise_m):
    ratios = []
    for seed in SEEDS:
        axis, tube = half_seen(diameter_m, noise_m, seed)
        error_m, sigma_m = 2.0 * tube.radius_m - diameter_m, 2.0 * tube.radius_std_m
        ratios.append(error_m / sigma_m)
        assert abs(error_m) < 0.003
        assert off_line(tube.nodes, axis).max() < 0.003
        assert tube.noise_m == pytest.approx(noise_m, rel=0.15)
        assert tube.observed.all()
        assert tube.middle[2] > 0.95
    assert np.abs(ratios).max() < 4.0
    assert np.sqrt(np.mean(np.square(ratios))) > 0.05


@pytest.mark.parametrize("diameter_m", DIAMETERS)
def test_sigma_is_useful_at_the_noise_of_a_good_scanner(diameter_m):
    _, tube = half_seen(diameter_m, 0.003, seed=11)
    assert 2.0 * tube.radius_std_m < 0.003
    assert max(tube.std_h_m.max(), tube.std_v_m.max(), tube.crown_std_m.max()) < 0.003


def test_sigma_grows_with_noise():
    sigmas = [half_seen(0.17, noise_m, seed=3)[1].radius_std_m for noise_m in (0.002, 0.006, 0.012)]
    assert sigmas == sorted(sigmas)
    assert sigmas[-1] > 2.0 * sigmas[0]


def test_axis_sigmas_are_those_of_the_axis():
    """Over many scans the middle of the axis scatters as its sigmas say, to a factor of three."""
    errors_h, errors_v, stds_h, stds_v = [], [], [], []
    axis = straight(2.0)
    for seed in range(16):
        rng = np.random.default_rng([5, seed])
        tube = measured(tube_points(axis, 0.085, rng, noise_m=0.004, per_m2=4_000.0), axis, 0.088)
        middle = len(tube.nodes) // 2
        errors_h.append(tube.nodes[middle, 1])
        errors_v.append(tube.nodes[middle, 2])
        stds_h.append(tube.std_h_m[middle])
        stds_v.append(tube.std_v_m[middle])
    assert 1 / 3 < np.std(errors_h) / np.mean(stds_h) < 3
    assert 1 / 3 < np.std(errors_v) / np.mean(stds_v) < 3


def test_sigma_tells_of_a_radius_that_varies_along_the_tube():
    """Errors that neighbours share make the mean worse than the count of points promises."""
    axis = straight(5.0)
    points = tube_points(axis, 0.085, np.random.default_rng(1), noise_m=0.002)
    swell = 1.0 + 0.03 * np.sign(np.sin(2.0 * np.pi * points[:, :1] / 1.1))
    swollen = points * np.column_stack([np.ones(len(points)), swell, swell])
    steady, uneven = measured(points, axis, 0.085), measured(swollen, axis, 0.085)
    assert uneven.inflation > 3.0 * steady.inflation
    assert uneven.radius_std_m > 1.3 * steady.radius_std_m


def test_a_steep_tube_is_measured_as_a_level_one():
    axis = straight(4.0)
    level = tube_points(axis, 0.085, np.random.default_rng(2), noise_m=0.004)
    slope = np.radians(20.0)
    turn = np.array(
        [[np.cos(slope), 0.0, -np.sin(slope)], [0.0, 1.0, 0.0], [np.sin(slope), 0.0, np.cos(slope)]]
    )
    first, second = measured(level, axis, 0.088), measured(level @ turn.T, axis @ turn.T, 0.088)
    assert second.radius_m == pytest.approx(first.radius_m, abs=0.0003)
    assert off_line(second.nodes, axis @ turn.T).max() < 0.002


def soiled(
    diameter_m: float, soil_deg: float, seed: int, length_m: float = 4.0
) -> tuple[FloatArray, Tube]:
    """A tube that rough soil meets `soil_deg` beside its crown and goes on outwards from there."""
    radius_m = diameter_m / 2
    rng = np.random.default_rng(seed)
    axis = straight(length_m)
    seen = tube_points(axis, radius_m, rng, arc_deg=2.0 * soil_deg, noise_m=0.004)
    edge_m = radius_m * np.sin(np.radians(soil_deg))
    level_m = radius_m * np.cos(np.radians(soil_deg))
    soil = [
        plane_points(
            (0.0, low), (length_m, low + 0.3), level_m, rng, per_m2=10_000.0, noise_m=0.008
        )
        for low in (edge_m, -edge_m - 0.3)
    ]
    return axis, measured(np.vstack([seen, *soil]), axis, radius_m)


@pytest.mark.parametrize("soil_deg", [60.0, 70.0, 85.0])
@pytest.mark.parametrize("diameter_m", [0.17, 0.4])
def test_soil_at_the_flanks_moves_neither_diameter_nor_axis(diameter_m, soil_deg):
    for seed in range(3):
        axis, tube = soiled(diameter_m, soil_deg, seed)
        assert 2.0 * tube.radius_m == pytest.approx(diameter_m, abs=0.003)
        assert off_line(tube.nodes, axis).max() < 0.004
        assert np.median(tube.arc_deg) <= 2.0 * soil_deg


def test_sigma_tells_how_little_soil_leaves_to_be_seen():
    for seed in range(6):
        _, narrow = soiled(0.17, 50.0, seed)
        _, wide = soiled(0.17, 85.0, seed)
        assert abs(narrow.radius_m - 0.085) < 4.0 * narrow.radius_std_m
        assert narrow.radius_std_m > 2.0 * wide.radius_std_m
        assert narrow.plane_ratio < 0.5 * wide.plane_ratio


@pytest.mark.parametrize(("diameter_m", "soil_deg"), [(0.22, 45.0), (0.4, 36.0)])
def test_where_soil_leaves_the_crown_alone_all_of_that_is_used(diameter_m, soil_deg):
    for seed in range(3):
        _, tube = soiled(diameter_m, soil_deg, seed, length_m=10.0)
        assert np.median(tube.arc_deg) >= 1.55 * soil_deg
        assert abs(2.0 * tube.radius_m - diameter_m) < 3.0 * 2.0 * tube.radius_std_m
        assert 2.0 * tube.radius_m == pytest.approx(diameter_m, rel=0.03)
        assert why_not_a_pipe(tube, JudgeOptions(), under_open_sky=True) is None


def test_points_belong_to_the_tube_and_not_to_the_soil():
    rng = np.random.default_rng(4)
    axis = straight(4.0)
    on_tube = tube_points(axis, 0.085, rng, arc_deg=140.0, noise_m=0.003)
    soil = plane_points((0.0, 0.09), (4.0, 0.5), 0.02, rng, per_m2=10_000.0)
    pyramid = pyramid_of(np.vstack([on_tube, soil]))
    tube = measure(pyramid, run_along(axis, 0.085), MeasureOptions())
    chosen = pyramid.order[tube.points]
    assert len(np.unique(chosen)) == len(chosen)
    on_it = chosen < len(on_tube)
    assert on_it.sum() > 0.95 * len(on_tube)
    assert on_it.mean() > 0.9


def test_a_hidden_stretch_is_not_observed():
    axis = straight(5.0)
    points = tube_points(axis, 0.085, np.random.default_rng(5), noise_m=0.003)
    hidden = (points[:, 0] > 2.0) & (points[:, 0] < 3.0)
    tube = measured(points[~hidden], axis, 0.085)
    x = tube.nodes[:, 0]
    well_inside = (x > 2.2) & (x < 2.8)
    assert not tube.observed[well_inside].any()
    assert np.isnan(tube.slice_radius_m[well_inside]).all()
    assert tube.observed[(x < 1.8) | (x > 3.2)].all()
    assert tube.length_m == pytest.approx(5.0, abs=0.03)
    assert off_line(tube.nodes, axis).max() < 0.004
    assert tube.std_v_m[well_inside].min() > np.median(tube.std_v_m[tube.observed])


@pytest.mark.parametrize("heap_z_m", [0.10, 0.12])
def test_soil_over_the_hidden_stretch_does_not_draw_the_axis(heap_z_m):
    rng = np.random.default_rng(6)
    axis = straight(5.0)
    points = tube_points(axis, 0.085, rng, noise_m=0.003)
    bare = points[(points[:, 0] < 2.0) | (points[:, 0] > 3.0)]
    heap = plane_points((2.0, -0.3), (3.0, 0.3), heap_z_m, rng, per_m2=10_000.0, slope=(0.0, -0.3))
    tube = measured(np.vstack([bare, heap]), axis, 0.085)
    x = tube.nodes[:, 0]
    assert not tube.observed[(x > 2.2) & (x < 2.8)].any()
    assert off_line(tube.nodes, axis).max() < 0.004
    assert 2.0 * tube.radius_m == pytest.approx(0.17, abs=0.002)


@pytest.mark.parametrize("length_m", [4.0, 4.03, 4.06])
def test_ends_are_where_the_points_end(length_m):
    """Wherever the last vertex falls, and though the run ends before the tube does."""
    axis = straight(length_m)
    rng = np.random.default_rng(7)
    points = tube_points(axis, 0.25, rng, noise_m=0.003, per_m2=4_000.0)
    tube = measured(points, axis[2:-3], 0.25)
    assert tube.nodes[[0, -1], 0] == pytest.approx([0.0, length_m], abs=0.025)


def test_a_bend_is_followed():
    axis = bent(2.0, 45.0, 0.6, 2.0, step_m=0.01)
    points = tube_points(axis, 0.085, np.random.default_rng(8), noise_m=0.004)
    tube = measured(points, axis[::5], 0.088)
    nearest = np.linalg.norm(tube.nodes[:, None] - axis[None], axis=2).min(axis=1)
    assert nearest[1:-1].max() < 0.006
    assert 2.0 * tube.radius_m == pytest.approx(0.17, abs=0.003)


@pytest.mark.parametrize("rise_m", [0.012, 0.02, 0.03])
def test_sockets_neither_widen_the_barrel_nor_lift_the_axis(rise_m):
    rng = np.random.default_rng(9)
    axis = straight(5.0)
    points = tube_points(axis, 0.085, rng, noise_m=0.003)
    sockets = [(1.0, 1.3), (3.5, 3.8)]
    for start, end in sockets:
        points = points[(points[:, 0] < start) | (points[:, 0] > end)]
    for start, end in sockets:
        line = straight(end - start, (start, 0.0, 0.0))
        points = np.vstack([points, tube_points(line, 0.085 + rise_m, rng, noise_m=0.003)])
    tube = measured(points, axis, 0.085)
    assert 2.0 * tube.radius_m == pytest.approx(0.17, abs=0.0015)
    assert off_line(tube.nodes, axis).max() < 0.002
    x = tube.nodes[:, 0]
    for start, end in sockets:
        assert not tube.observed[(x > start + 0.05) & (x < end - 0.05)].any()


def test_the_barrel_behind_a_last_socket_belongs_to_the_tube():
    rng = np.random.default_rng(5)
    axis = straight(6.0)
    points = tube_points(axis, 0.24, rng, noise_m=0.009, arc_deg=150.0, per_m2=4_000.0)
    within = (points[:, 0] > 5.1) & (points[:, 0] < 5.5)
    bell = tube_points(straight(0.4, (5.1, 0.0, 0.0)), 0.28, rng, noise_m=0.009, arc_deg=150.0)
    tube = measured(np.vstack([points[~within], bell]), axis, 0.24)
    assert tube.length_m == pytest.approx(6.0, abs=0.15)
    assert off_line(tube.nodes, axis).max() < 0.006


def test_an_oval_is_told_from_a_circle():
    axis = straight(4.0)
    points = tube_points(axis, 0.085, np.random.default_rng(12), noise_m=0.003)
    circle, oval = measured(points, axis, 0.085), measured(points * [1, 1, 1.15], axis, 0.085)
    assert oval.misfit > 3.0 * max(circle.misfit, 0.02)


def test_a_surface_that_goes_on_is_told_from_a_tube():
    """Slopes that leave a quarter of a circle along its tangents, as those of a heap's top do."""
    rng = np.random.default_rng(13)
    axis = straight(4.0)
    top = tube_points(axis, 0.085, rng, noise_m=0.003, arc_deg=90.0)
    slopes = []
    for side in (-1.0, 1.0):
        slope = plane_points((0.0, 0.06), (4.0, 0.21), 0.12, rng, per_m2=8_000.0, slope=(0, -1))
        slopes.append(slope * [1.0, side, 1.0])
    alone, going_on = measured(top, axis, 0.085), measured(np.vstack([top, *slopes]), axis, 0.085)
    assert going_on.halo > 0.15
    assert alone.halo < 0.05


def test_soil_that_hides_a_stretch_is_no_surface_that_goes_on():
    rng = np.random.default_rng(14)
    axis = straight(5.0)
    points = tube_points(axis, 0.085, rng, noise_m=0.003)
    bare = points[(points[:, 0] < 1.8) | (points[:, 0] > 3.2)]
    mound = plane_points((1.8, -0.3), (3.2, 0.3), 0.105, rng, per_m2=60_000.0)
    tube = measured(np.vstack([bare, mound]), axis, 0.085)
    assert tube.length_m == pytest.approx(5.0, abs=0.03)
    assert tube.halo < 0.1


@pytest.mark.parametrize("with_drift", [False, True])
def test_drift_takes_no_end_away_from_a_tube(with_drift):
    """What is straight on behind a gap, but not of the same size alone: is it of the pipe?"""
    rng = np.random.default_rng(15)
    axis = straight(5.0)
    points = tube_points(straight(3.0), 0.085, rng, noise_m=0.003)
    tail = tube_points(straight(0.5, (4.5, 0.0, 0.0)), 0.09, rng, noise_m=0.003)
    pyramid = pyramid_of(np.vstack([points, tail]))
    tube = measure(pyramid, run_along(axis, 0.085), MeasureOptions(), with_drift=with_drift)
    assert tube is not None
    assert tube.length_m == pytest.approx(5.0 if with_drift else 3.0, abs=0.1)


def test_a_probe_sees_what_the_whole_does():
    axis = straight(4.0)
    points = tube_points(axis, 0.085, np.random.default_rng(14), per_m2=30_000.0, noise_m=0.003)
    pyramid = pyramid_of(points)
    whole = measure(pyramid, run_along(axis, 0.088), MeasureOptions())
    probe = measure(pyramid, run_along(axis, 0.088), MeasureOptions(), probe=True)
    assert probe.points_used < 0.5 * whole.points_used
    assert probe.radius_m == pytest.approx(whole.radius_m, abs=0.002)
    assert probe.length_m == pytest.approx(whole.length_m, abs=0.1)


def test_result_does_not_depend_on_the_order_of_points():
    rng = np.random.default_rng(10)
    axis = straight(3.0)
    points = tube_points(axis, 0.085, rng, noise_m=0.003)
    first = measured(points, axis, 0.088)
    second = measured(points[rng.permutation(len(points))], axis, 0.088)
    assert second.radius_m == pytest.approx(first.radius_m, abs=1e-7)
    assert second.nodes == pytest.approx(first.nodes, abs=1e-6)


def test_there_is_nothing_to_measure_where_no_points_are():
    points = plane_points((10.0, 10.0), (12.0, 12.0), 0.0, np.random.default_rng(0))
    assert measure(pyramid_of(points), run_along(straight(3.0), 0.085), MeasureOptions()) is None


def test_a_wave_of_the_axis_is_its_wander():
    x = np.arange(0.0, 20.0, 0.05)
    quiet = np.full(len(x), 1e-4)
    straight_axis = np.column_stack([x, np.zeros_like(x), 0.02 * x])
    wave = straight_axis + np.outer(np.sin(2.0 * np.pi * x / 10.0), [0.0, 0.0, 0.010])
    assert wander(straight_axis, quiet) == 0.0
    assert wander(wave, quiet) == pytest.approx(0.010 / np.sqrt(2.0), rel=0.15)


def test_bends_are_no_wander():
    quiet = np.full(401, 1e-4)
    x = np.linspace(0.0, 20.0, 401)
    bend = np.column_stack([x, np.maximum(x - 10.0, 0.0), 0.02 * np.maximum(x - 10.0, 0.0)])
    assert wander(bend, quiet) == 0.0


def test_short_straights_between_bends_show_short_waves():
    x = np.linspace(0.0, 9.0, 181)
    wave = 0.010 * np.sin(2.0 * np.pi * x / 5.0)
    bend = np.column_stack([x, np.maximum(x - 4.5, 0.0), wave])
    assert wander(bend, np.full(len(x), 1e-4)) == pytest.approx(0.010, rel=0.4)


def test_short_tubes_say_nothing_of_wander():
    x = np.arange(0.0, 3.0, 0.05)
    wave = np.column_stack([x, np.zeros_like(x), 0.01 * np.sin(2.0 * np.pi * x / 3.0)])
    assert wander(wave, np.full(len(x), 1e-4)) == 0.0


def test_of_very_many_points_some_are_measured_and_all_belong_to_the_tube(monkeypatch):
    axis = straight(8.0)
    points = tube_points(axis, 0.1, np.random.default_rng(4), noise_m=0.003)
    pyramid, run = pyramid_of(points), run_along(axis, 0.1)
    whole = measure(pyramid, run, MeasureOptions())
    monkeypatch.setattr(thinned, "MOST_POINTS", len(points) // 3 + 1)
    some = measure(pyramid, run, MeasureOptions())
    assert whole is not None
    assert some is not None
    assert whole.one_in == 1
    assert some.one_in == 3
    assert 2.0 < whole.points_used / some.points_used < 4.0
    assert abs(some.radius_m - whole.radius_m) < 4.0 * some.radius_std_m
    together = with_all_points(pyramid, some)
    assert len(np.intersect1d(together.points, whole.points)) > 0.99 * len(whole.points)
    assert len(np.setdiff1d(together.points, whole.points)) < 0.01 * len(whole.points)


@pytest.mark.parametrize(("wide", "one_in"), [(True, 3), (False, 1)])
def test_of_a_wide_arc_fewer_points_are_enough(wide, one_in, monkeypatch):
    axis = straight(8.0)
    points = tube_points(axis, 0.1, np.random.default_rng(4), noise_m=0.003)
    monkeypatch.setattr(thinned, "ENOUGH_POINTS", len(points) / 3.5)
    monkeypatch.setattr(thinned, "ENOUGH_PER_M", 0.0)
    run = replace(run_along(axis, 0.1), wide=wide)
    tube = measure(pyramid_of(points), run, MeasureOptions())
    assert tube is not None
    assert tube.one_in == one_in
    assert abs(tube.radius_m - 0.1) < 4.0 * tube.radius_std_m


def test_what_a_mound_leaves_to_be_seen_is_visible():
    """Soil beside the crown keeps its whole slice from being measured, and hides but its middle."""
    rng = np.random.default_rng(21)
    axis, radius_m = straight(5.0), 0.085
    points = tube_points(axis, radius_m, rng, noise_m=0.003)
    points = points[(points[:, 0] < 2.2) | (points[:, 0] > 2.7)]
    off = (points[:, 0] - 2.45) / 0.6
    near = (np.abs(off) < 1.0) & (points[:, 2] < 0.06)
    points = points[~near]
    soil = plane_points((2.2, -0.3), (2.7, 0.3), radius_m + 0.06, rng, noise_m=0.01)
    banks = [
        plane_points((1.85, low), (3.05, low + 0.24), 0.06, rng, per_m2=10_000.0, noise_m=0.008)
        for low in (0.06, -0.30)
    ]
    tube = measured(np.vstack([points, soil, *banks]), axis, radius_m)
    assert tube.visible is not None
    x = tube.nodes[:, 0]
    hidden = x[~tube.visible & (x > 0.5) & (x < 4.5)]
    assert hidden.min() == pytest.approx(2.2, abs=0.1)
    assert hidden.max() == pytest.approx(2.7, abs=0.1)
    assert np.count_nonzero(tube.observed & ~tube.visible) == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_pipe_that_dives_into_soil_is_not_carried_straight_on(seed):
    rng = np.random.default_rng(seed)
    level = bent(3.0, 45.0, 0.6, 1.0, step_m=0.001)
    points = tube_points(level, 0.125, rng, noise_m=0.003, arc_deg=360.0)
    axis, points = (xyz[:, [0, 2, 1]] * [1.0, 1.0, -1.0] for xyz in (level, points))
    soil = plane_points((-0.3, -0.6), (5.0, 0.6), 0.0, rng, per_m2=5_000.0, noise_m=0.006)
    points = np.vstack([points[points[:, 2] > 0.0], soil])
    tube = measured(points, axis[:3400:50], 0.125)
    distance = np.linalg.norm(tube.nodes[:, None] - axis[None], axis=2)
    off_m, std_m = distance.min(axis=1), np.hypot(tube.std_h_m, tube.std_v_m)
    assert tube.nodes[-1, 0] > 2.8
    assert off_m.max() < 0.02
    assert (off_m < 3.0 * std_m + 0.001).all()


@pytest.mark.parametrize("cut_short", [False, True])
def test_a_hidden_bend_turns_evenly(cut_short):
    """Its axis does not cut the corner, even though the run does."""
    axis = bent(3.0, 90.0, 1.4, 3.0, step_m=0.01)
    at = 0.01 * np.arange(len(axis))
    rng = np.random.default_rng(0)
    seen = [axis[at < 3.2], axis[at > 4.9]]
    points = np.vstack(
        [
            tube_points(part, 0.157, rng, noise_m=0.005, per_m2=2_500.0, arc_deg=110.0)
            for part in seen
        ]
    )
    run = polyline.resample(np.vstack(seen) if cut_short else axis, 0.08)
    tube = measured(points, run, 0.157)
    distance = np.linalg.norm(tube.nodes[:, None] - axis[None], axis=2).min(axis=1)
    assert np.count_nonzero(~tube.observed) > 10
    assert distance.max() < 0.08
    assert distance[1:-1][tube.observed[1:-1]].max() < 0.007


def test_an_axis_that_leaves_its_line_is_less_sure_there():
    axis = straight(6.0)
    lifted = axis + 0.004 * np.exp(-(((axis[:, 0] - 3.0) / 0.15) ** 2))[:, None] * [0.0, 0.0, 1.0]
    std_m = np.full(len(axis), 0.0006)
    extra = bump_std(lifted, std_m)
    assert extra[np.abs(axis[:, 0] - 3.0) < 0.1, 2].min() > 0.0025
    assert extra[np.abs(axis[:, 0] - 3.0) > 0.6].max() == 0.0
    assert extra[:, 0].max() < 0.0002
    assert not extra[:, 1].any()
    assert not bump_std(axis, std_m).any()
    assert not bump_std(bent(3.0, 22.5, 0.6, 3.0), std_m).any()


def test_a_tube_is_measured_to_where_a_scan_of_it_has_thinned_out():
    rng = np.random.default_rng(11)
    axis = straight(5.0, (0.2, 0.1, -1.0), heading_deg=20.0)
    points = tube_points(axis, 0.2, rng, noise_m=0.002, per_m2=40_000.0)
    along = (points - axis[0]) @ (axis[-1] - axis[0]) / 25.0
    points = points[rng.random(len(points)) < 0.015 ** np.clip(along, 0.0, 1.0)]
    tube = measured(points, axis + 0.005, 0.205)
    assert tube.length_m > 4.8
    assert tube.observed.mean() > 0.95
    assert tube.radius_m == pytest.approx(0.2, abs=0.0005)
    assert off_line(tube.nodes, axis).max() < 0.002


@pytest.mark.parametrize("seed", range(4))
def test_a_tube_of_so_few_points_that_no_round_patch_has_a_normal_is_measured(seed):
    rng = np.random.default_rng(seed)
    axis = straight(1.6, (0.3, -0.2, -1.4), heading_deg=30.0)
    points = tube_points(axis, 0.03, rng, arc_deg=200.0, per_m2=1_400.0, noise_m=0.004)
    tube = measured(points, axis, 0.028)
    assert tube.length_m > 1.2
    assert abs(tube.radius_m - 0.03) < 3.0 * tube.radius_std_m
    assert why_not_a_pipe(tube, JudgeOptions()) is None


def test_what_points_scatter_by_chance_is_no_shape():
    """Of a hundred points the means of ten degrees are off a circle by a fifth of the noise."""
    axis = straight(1.8, (0.3, -0.2, -1.4))
    shapes = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        points = tube_points(axis, 0.057, rng, arc_deg=160.0, per_m2=600.0, noise_m=0.006)
        tube = measure(pyramid_of(points), run_along(axis, 0.055), MeasureOptions())
        shapes += [] if tube is None else [tube.misfit]
    assert len(shapes) >= 8
    assert np.mean(np.array(shapes) > 0.14) < 0.2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gaps_that_few_points_leave_by_chance_end_no_tube(seed):
    """Of 55 points a metre hardly a piece of a decimetre is seen without one."""
    rng = np.random.default_rng(seed)
    axis, radius_m, arc_deg = straight(5.0), 0.045, 130.0
    per_m2 = 55.0 / (np.radians(arc_deg) * radius_m)
    tube = tube_points(axis, radius_m, rng, arc_deg=arc_deg, per_m2=per_m2, noise_m=0.0015)
    floor = plane_points((-0.5, -0.35), (5.5, 0.35), -0.03, rng, per_m2=214.0, noise_m=0.006)
    floor = floor[np.abs(floor[:, 1]) > radius_m]
    found = measure(pyramid_of(np.vstack([tube, floor])), run_along(axis, 0.043), MeasureOptions())
    assert found is not None
    assert found.length_m > 4.9
    assert abs(found.radius_m - radius_m) < 0.002
