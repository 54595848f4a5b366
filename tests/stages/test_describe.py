"""From a hand-made tube to the reported pipe, in the scan frame."""

from dataclasses import replace

import numpy as np
import pytest

from stages.made import bent, make_tube, straight, trench_ground
from twin_pipeline.export.japanese import in_japanese
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import Fitting, FittingKind, Pipe, Quality, Role
from twin_pipeline.stages.describe import (
    DescribeOptions,
    Finding,
    barrel_hidden,
    describe,
    position,
)

ORIGIN = np.array([-12_800.0, -34_400.0, 30.0])
RADIUS_M = 0.085
AXIS_Z_M = -1.2
GROUND = trench_ground()
TUBE = make_tube(straight(9.3, (0.3, 0.1, AXIS_Z_M)), RADIUS_M)


def finding(tube: Tube = TUBE, **changes: object) -> Finding:
    given = {
        "pipe_id": "P01",
        "tube": tube,
        "role": Role.MAIN,
        "material": "DIP",
        "nominal_diameter_mm": 150,
        "nominal_probability": 0.99,
        "nominal_note": None,
        "fittings": (),
    }
    return Finding(**{**given, **changes})


def described(tube: Tube = TUBE, ground: Ground | None = GROUND, **changes: object) -> Pipe:
    return describe(finding(tube, **changes), ground, ORIGIN, DescribeOptions())


def test_what_was_decided_is_passed_on():
    pipe = described()
    assert (pipe.pipe_id, pipe.role, pipe.material) == ("P01", Role.MAIN, "DIP")
    assert (pipe.nominal_diameter_mm, pipe.nominal_probability) == (150, 0.99)
    assert pipe.points == len(TUBE.points)
    assert pipe.fit_rms_m == TUBE.noise_m


def test_radius_and_its_sigma_become_those_of_the_diameter():
    pipe = described()
    assert pipe.outer_diameter_m == pytest.approx(0.170)
    assert pipe.outer_diameter_std_m == pytest.approx(2 * TUBE.radius_std_m)


def test_positions_are_in_the_scan_frame():
    pipe = described()
    assert pipe.centreline == pytest.approx(TUBE.nodes + ORIGIN)
    assert pipe.length_m == pytest.approx(9.3)
    assert pipe.stations.centre[0] == pytest.approx(ORIGIN + np.array([0.3, 0.1, AXIS_Z_M]))
    assert pipe.stations.centre[-1] == pytest.approx(ORIGIN + np.array([9.6, 0.1, AXIS_Z_M]))
    assert pipe.crown_z_start_m == pytest.approx(30.0 + AXIS_Z_M + RADIUS_M)
    assert pipe.centre_z_end_m == pytest.approx(30.0 + AXIS_Z_M)


def test_stations_stand_at_multiples_of_the_interval_and_at_both_ends():
    at = described().stations.chainage_m
    assert at == pytest.approx([*np.arange(0.0, 9.5), 9.3])
    finer = describe(finding(), GROUND, ORIGIN, DescribeOptions(station_interval_m=0.5))
    assert finer.stations.chainage_m[:4] == pytest.approx([0.0, 0.5, 1.0, 1.5])


def test_stations_stand_at_fittings_and_never_twice():
    joints = tuple(Fitting(FittingKind.JOINT, at, position(TUBE, at)) for at in (2.995, 4.4, 9.3))
    at = described(fittings=joints).stations.chainage_m
    assert at == pytest.approx([0, 1, 2, 2.995, 4, 4.4, 5, 6, 7, 8, 9, 9.3])


def test_fittings_are_ordered_and_moved():
    ends = tuple(Fitting(FittingKind.END, at, position(TUBE, at)) for at in (9.3, 0.0))
    bend = Fitting(FittingKind.BEND, 6.0, position(TUBE, 6.0), 44.6, 45.0, 0.6)
    joint = Fitting(FittingKind.JOINT, 2.0, position(TUBE, 2.0))
    fittings = described(fittings=(*ends, bend, joint)).fittings
    assert [fitting.kind.value for fitting in fittings] == ["end", "joint", "bend", "end"]
    assert [fitting.chainage_m for fitting in fittings] == pytest.approx([0.0, 2.0, 6.0, 9.3])
    assert fittings[2].position == pytest.approx(ORIGIN + np.array([6.3, 0.1, AXIS_Z_M]))
    assert (fittings[2].angle_deg, fittings[2].catalogue_angle_deg, fittings[2].radius_m) == (
        44.6, 45.0, 0.6,
    )  # fmt: skip


def test_cover_is_ground_minus_crown():
    pipe = described()
    cover_m = -AXIS_Z_M - RADIUS_M
    assert pipe.stations.cover_m == pytest.approx(cover_m, abs=1e-4)
    assert pipe.stations.ground_z_m == pytest.approx(30.0, abs=1e-4)
    assert pipe.stations.ground_z_m - pipe.stations.crown_z_m == pytest.approx(
        pipe.stations.cover_m
    )
    covers = (pipe.cover_min_m, pipe.cover_mean_m, pipe.cover_max_m)
    assert covers == pytest.approx((cover_m,) * 3, abs=1e-4)


def test_cover_follows_a_sloping_pavement():
    pipe = described(ground=trench_ground(slope=(0.02, 0.0)))
    x = pipe.stations.centre[:, 0] - ORIGIN[0]
    assert pipe.stations.cover_m == pytest.approx(0.02 * x - AXIS_Z_M - RADIUS_M, abs=0.001)
    assert pipe.cover_min_m == pytest.approx(0.02 * 0.3 - AXIS_Z_M - RADIUS_M, abs=0.001)
    assert pipe.cover_max_m == pytest.approx(0.02 * 9.6 - AXIS_Z_M - RADIUS_M, abs=0.001)


def test_cover_of_a_sloping_leg_is_what_a_staff_on_the_pipe_reads():
    slope = np.radians(45.0)
    leg = np.linspace(0.0, 1.0, 11)[:, None] * [np.cos(slope), 0.0, np.sin(slope)]
    tube = make_tube(leg + np.array([0.3, 0.1, AXIS_Z_M]), RADIUS_M)
    pipe = described(tube)
    below_m = 30.0 - pipe.stations.centre[:, 2]
    assert below_m - pipe.stations.cover_m == pytest.approx(RADIUS_M * np.sqrt(2.0), abs=1e-3)
    mean_m = AXIS_Z_M + 0.5 * np.sin(slope) + RADIUS_M * np.sqrt(2.0)
    assert pipe.cover_mean_m == pytest.approx(-mean_m, abs=1e-3)
    level = described().stations.cover_std_m
    assert np.all(pipe.stations.cover_std_m.min() > level.min())


def test_mean_cover_does_not_depend_on_where_fittings_stand():
    crowd = tuple(
        Fitting(FittingKind.JOINT, at, position(TUBE, at)) for at in np.linspace(8.0, 9.2, 13)
    )
    sloping = trench_ground(slope=(0.02, 0.0))
    with_crowd = described(ground=sloping, fittings=crowd)
    assert with_crowd.cover_mean_m == pytest.approx(described(ground=sloping).cover_mean_m)


def test_cover_sigma_holds_ground_crown_and_part_of_a_drift_that_was_not_solved_for():
    options = DescribeOptions(unsolved_drift_std_m=0.003)
    pipe = describe(finding(), GROUND, ORIGIN, options)
    least = np.sqrt(GROUND.std_floor_m**2 + 0.0005**2 + 0.0012**2)
    assert np.all(pipe.stations.cover_std_m >= least - 1e-9)
    assert pipe.cover_std_m == pytest.approx(least, rel=0.2)
    assert pipe.position_std_h_m == pytest.approx(np.hypot(0.0006, 0.003))
    assert pipe.position_std_v_m == pytest.approx(np.hypot(0.0008, 0.003))


def test_of_a_drift_that_was_solved_for_the_pavement_shares_the_greater_part():
    """The position holds all of it already."""
    count = len(TUBE.nodes)
    drift = np.full(count, 0.004)
    tube = replace(
        TUBE,
        std_h_m=np.hypot(TUBE.std_h_m, drift),
        crown_std_m=np.hypot(TUBE.crown_std_m, drift),
        drift_m=drift,
    )
    options = DescribeOptions(scan_distortion_std_m=0.0)
    pipe = describe(finding(tube), GROUND, ORIGIN, options)
    still = describe(finding(replace(TUBE, drift_m=0.0 * drift)), GROUND, ORIGIN, options)
    added = np.sqrt(pipe.stations.cover_std_m**2 - still.stations.cover_std_m**2)
    assert added == pytest.approx(0.4 * 0.004)
    assert pipe.position_std_h_m == pytest.approx(np.hypot(0.0006, 0.004))


def test_a_position_is_no_better_known_than_the_axis_waves_though_drift_was_solved_for():
    tube = replace(TUBE, wander_m=0.003, drift_m=np.zeros(len(TUBE.nodes)))
    pipe = describe(finding(tube), GROUND, ORIGIN, DescribeOptions(scan_distortion_std_m=0.0))
    assert pipe.position_std_h_m == pytest.approx(np.hypot(0.0006, 0.003))


def test_the_sigma_of_a_position_is_that_of_what_was_seen():
    """Of what was hidden the stations tell, and the quality where it is uncertain."""
    x = TUBE.nodes[:, 0] - 0.3
    hidden = (x > 3.5) & (x < 4.5)
    tube = replace(
        TUBE, observed=~hidden, std_h_m=np.where(hidden, 0.3, TUBE.std_h_m), drift_m=0.0 * x
    )
    options = DescribeOptions(scan_distortion_std_m=0.0)
    pipe = describe(finding(tube), GROUND, ORIGIN, options)
    assert pipe.position_std_h_m == pytest.approx(0.0006)
    assert "position known to 300 mm only at" in pipe.quality_reason


def test_without_ground_there_is_no_cover_and_the_reason_is_given():
    pipe = described(ground=None)
    assert np.isnan(pipe.stations.cover_m).all()
    assert np.isnan(pipe.stations.ground_z_m).all()
    assert np.isnan(pipe.stations.cover_std_m).all()
    assert (pipe.cover_min_m, pipe.cover_mean_m, pipe.cover_max_m, pipe.cover_std_m) == (None,) * 4
    assert "no cover" in pipe.quality_reason
    assert np.isfinite(pipe.stations.crown_z_m).all()


def test_cover_is_given_only_where_there_is_ground():
    beyond = make_tube(straight(20.0, (1.0, 0.0, AXIS_Z_M)), RADIUS_M)
    pipe = described(beyond)
    assert np.isfinite(pipe.stations.cover_m[:8]).all()
    assert np.isnan(pipe.stations.cover_m[-4:]).all()
    assert pipe.cover_mean_m == pytest.approx(-AXIS_Z_M - RADIUS_M, abs=0.001)


def test_hidden_stations_have_no_diameter():
    x = TUBE.nodes[:, 0] - 0.3
    observed = (x < 3.5) | (x > 5.5)
    slices = np.where(observed, 0.0852, np.nan)
    pipe = described(replace(TUBE, observed=observed, slice_radius_m=slices))
    hidden = (pipe.stations.chainage_m > 3.6) & (pipe.stations.chainage_m < 5.4)
    assert np.array_equal(pipe.stations.observed, ~hidden)
    assert np.array_equal(np.isnan(pipe.stations.outer_diameter_m), hidden)
    assert pipe.stations.outer_diameter_m[~hidden] == pytest.approx(0.1704)
    assert pipe.observed_fraction == pytest.approx(1 - 2.0 / 9.3, abs=0.02)


def test_arc_is_that_of_the_observed_part():
    observed = np.arange(len(TUBE.nodes)) < 60
    arcs = np.where(observed, 130.0, 0.0)
    assert described(replace(TUBE, observed=observed, arc_deg=arcs)).arc_deg == 130.0


def test_a_bent_tube_has_its_length_along_the_axis():
    nodes = bent(2.0, 45.0, 0.6, 2.0) + np.array([0.5, 0.0, AXIS_Z_M])
    pipe = described(make_tube(nodes))
    assert pipe.length_m == pytest.approx(4.0 + np.radians(45.0) * 0.6, abs=0.002)
    assert pipe.stations.chainage_m[-1] == pytest.approx(pipe.length_m)


def test_a_well_seen_pipe_is_good():
    pipe = described()
    assert pipe.quality is Quality.GOOD
    assert "well seen" in pipe.quality_reason


@pytest.mark.parametrize(
    ("changes", "grade", "reason"),
    [
        ({"arc_deg": np.full(len(TUBE.nodes), 85.0)}, Quality.USABLE, "85 degrees"),
        ({"arc_deg": np.full(len(TUBE.nodes), 40.0)}, Quality.POOR, "40 degrees"),
        ({"radius_std_m": 0.002}, Quality.USABLE, "4.0 mm"),
        ({"radius_std_m": 0.010}, Quality.POOR, "20.0 mm"),
        ({"observed": np.arange(len(TUBE.nodes)) % 4 > 0}, Quality.USABLE, "25 %"),
        ({"observed": np.arange(len(TUBE.nodes)) % 4 > 2}, Quality.POOR, "75 %"),
        ({"std_v_m": 0.05 * (np.arange(len(TUBE.nodes)) == 3)}, Quality.USABLE, "known to 50 mm"),
        ({"std_h_m": 0.20 * (np.arange(len(TUBE.nodes)) == 3)}, Quality.POOR, "known to 200 mm"),
    ],
)
def test_quality_names_what_limits_it(changes, grade, reason):
    options = DescribeOptions(
        good_arc_deg=100, usable_arc_deg=70, good_diameter_std_m=0.002,
        usable_diameter_std_m=0.006, good_observed=0.9, usable_observed=0.6,
    )  # fmt: skip
    pipe = describe(finding(replace(TUBE, **changes)), GROUND, ORIGIN, options)
    assert pipe.quality is grade
    assert reason in pipe.quality_reason


def test_a_footway_as_near_as_the_road_makes_the_cover_unsure():
    patches = GROUND.patches.copy()
    patches[patches[:, 1] > patches[:, 1].mean(), 2] += 0.15
    pipe = described(ground=replace(GROUND, patches=patches))
    assert pipe.quality is not Quality.GOOD
    assert "two levels" in pipe.quality_reason
    even = described().cover_mean_m
    assert min(abs(pipe.cover_mean_m - even), abs(pipe.cover_mean_m - even - 0.15)) < 0.08
    assert pipe.cover_std_m > 0.04


def test_the_worst_limit_decides_and_all_are_named():
    arc = np.full(len(TUBE.nodes), 30.0)
    pipe = described(replace(TUBE, arc_deg=arc, radius_std_m=0.0015), nominal_note="nominal open")
    assert pipe.quality is Quality.POOR
    assert "30 degrees" in pipe.quality_reason
    assert "3.0 mm" in pipe.quality_reason
    assert "nominal open" in pipe.quality_reason


def test_what_makes_a_diameter_doubtful_is_told_with_what_to_do():
    oval = described(replace(TUBE, oval_m=0.00085)).quality_reason
    smoothed = described(replace(TUBE, shrunk_m=0.0004)).quality_reason
    assert "oval by 2.0 %, or scanned twice a little apart: 3.4 mm between" in oval
    assert "0.8 mm were added to the diameter: export the scan without" in smoothed
    assert "3.4 mm" in (in_japanese(oval) or "")
    assert "0.8 mm" in (in_japanese(smoothed) or "")
    assert "だ円" in (in_japanese(oval) or "")
    assert "平滑化" in (in_japanese(smoothed) or "")


def test_sockets_hide_no_barrel_but_soil_does():
    at = np.arange(0.0, 6.0, 0.1)
    observed = (np.abs(at - 2.0) > 0.25) & (np.abs(at - 4.5) > 0.25)
    joint = Fitting(FittingKind.JOINT, 2.0, (0.0, 0.0, 0.0))
    bend = Fitting(FittingKind.BEND, 4.5, (0.0, 0.0, 0.0))
    hidden = at[barrel_hidden(at, observed, [joint, bend])]
    assert len(hidden) == 5
    assert np.abs(hidden - 4.5).max() < 0.3
    assert not barrel_hidden(at, np.ones(len(at), bool), [joint]).any()


def test_what_was_seen_but_not_measured_is_not_hidden():
    x = TUBE.nodes[:, 0] - TUBE.nodes[0, 0]
    unmeasured = (x > 2.0) & (x < 4.2)
    hidden = (x > 2.6) & (x < 3.2)
    pipe = described(replace(TUBE, observed=~unmeasured, visible=~hidden))
    (rescan,) = pipe.rescans
    assert rescan.first_m == pytest.approx(2.6, abs=0.06)
    assert rescan.last_m == pytest.approx(3.2, abs=0.06)
    assert pipe.observed_fraction == pytest.approx(1.0 - 2.2 / 9.3, abs=0.02)


def test_hidden_stretches_are_named_with_their_chainages_to_a_decimetre():
    x = TUBE.nodes[:, 0] - TUBE.nodes[0, 0]
    hidden = ((x > 2.0) & (x < 3.2)) | ((x > 5.0) & (x < 5.3))
    pipe = described(replace(TUBE, observed=~hidden))
    (rescan,) = pipe.rescans
    assert rescan.kind == "hidden"
    assert rescan.first_m == pytest.approx(2.0, abs=0.06)
    assert rescan.last_m == pytest.approx(3.2, abs=0.06)
    assert rescan.reason in pipe.quality_reason
    assert "hidden from 2.0 to 3.2 m: uncover and scan there" in pipe.quality_reason


def test_a_stretch_seen_from_one_side_is_named_beside_a_socket_that_is_not():
    x = TUBE.nodes[:, 0] - TUBE.nodes[0, 0]
    narrow, socket = (x > 1.0) & (x < 3.0), (x > 3.8) & (x < 4.3)
    joint = Fitting(FittingKind.JOINT, 4.05, (4.05, 0.0, 0.0))
    arc = np.where(narrow, 62.0, np.where(socket, 0.0, TUBE.arc_deg))
    pipe = described(replace(TUBE, arc_deg=arc, observed=~socket), fittings=(joint,))
    (rescan,) = pipe.rescans
    assert rescan.kind == "narrow"
    assert rescan.reason == (
        "only 62 degrees of the circumference were seen from 1.0 to 3.0 m: "
        "scan there from both sides"
    )
    assert rescan.reason in pipe.quality_reason


def test_a_pipe_that_is_well_seen_asks_for_no_rescan():
    assert described().rescans == ()
