import numpy as np
import pytest

from tests.factories import make_pipe
from tests.registration.made import SITE, TARGETS, scanner_frame, with_first_off, write_targets
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.registration import RegistrationOptions, control_of, with_registration

NOISE = np.random.default_rng(3).normal(0, 0.004, TARGETS.shape)
SEEN = scanner_frame()(TARGETS) + NOISE
CORNERS = SITE + np.array([[-12.0, -5, -2], [12, 5, 2], [-12, 5, 2], [12, -5, -2]])


def control(tmp_path, known=TARGETS, seen=SEEN, *, north_first=False, extra=None, **options):
    header = None
    if extra:
        header = "name,easting,northing,elevation,scan_x,scan_y,scan_z,role"
    path = write_targets(tmp_path / "gcp.csv", known, seen, header, extra)
    given = RegistrationOptions(gcp=str(path), **options)
    return control_of(tmp_path / "scan.laz", given, north_first=north_first)


def refused(tmp_path, *args, **kwargs):
    with pytest.raises(GeoreferenceError) as caught:
        control(tmp_path, *args, **kwargs)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'gcp.csv'}: scan scan: ")
    assert "\n" not in message
    return message


def test_without_a_file_nothing_moves(tmp_path):
    assert control_of(tmp_path / "scan.laz", RegistrationOptions(), north_first=False) is None


def test_a_scan_comes_to_lie_on_its_control_points(tmp_path):
    made = control(tmp_path)
    assert made.distances_m.max() < 0.015
    inside = scanner_frame()(CORNERS)
    assert np.abs(made.fitted.similarity.apply(inside) - CORNERS).max() < 0.02
    assert all(gate.passed for gate in made.gates(CORNERS))
    assert list(made.warnings()) == []
    described = made.describe()
    assert [row["name"] for row in described["targets"]] == ["T1", "T2", "T3", "T4", "T5", "T6"]
    assert described["targets"][0]["residual_m"] == pytest.approx(made.distances_m[0], abs=1e-5)
    assert described["rms_m"] == pytest.approx(made.fitted.rms_m, abs=1e-5)
    assert described["max_residual_m"] <= described["limit_m"] == 0.05


def test_a_scan_that_stores_north_first_is_picked_that_way(tmp_path):
    made = control(tmp_path, seen=SEEN[:, [1, 0, 2]], north_first=True)
    assert made.distances_m.max() < 0.015


def test_one_wrong_point_fails_the_gate_and_is_named(tmp_path):
    known = TARGETS.copy()
    known[2, 2] += 0.25
    residuals, _ = control(tmp_path, known).gates(CORNERS)
    assert not residuals.passed
    assert "T3 is" in residuals.detail
    assert "limit 50 mm" in residuals.detail
    assert "without T3 the others agree" in residuals.detail
    wide, _ = control(tmp_path, known, max_residual_m=0.5).gates(CORNERS)
    assert wide.passed


def test_check_points_are_held_against_the_limit_but_not_fitted(tmp_path):
    known = TARGETS.copy()
    known[5, 0] += 0.08
    roles = [["control"]] * 5 + [["check"]]
    made = control(tmp_path, known, extra=roles)
    assert made.distances_m[5] == pytest.approx(0.08, abs=0.015)
    assert made.distances_m[:5].max() < 0.015
    assert not made.gates(CORNERS)[0].passed
    assert made.describe()["targets"][5]["role"] == "check"


def test_points_close_together_leave_the_far_end_unsure(tmp_path):
    known = SITE + np.array([[0, 0, 0], [0.3, 0, 0], [0, 0.3, 0.1], [0.2, 0.2, 0.0]])
    _, geometry = control(tmp_path, known, scanner_frame()(known)).gates(CORNERS)
    assert not geometry.passed
    assert "1 sigma up to" in geometry.detail


def test_three_points_are_fitted_with_a_warning(tmp_path):
    made = control(tmp_path, TARGETS[:3], SEEN[:3])
    assert "one more" in next(made.warnings())


def test_a_scale_is_found_or_warned_of(tmp_path):
    seen = SEEN * 1.004
    (warning,) = control(tmp_path, seen=seen).warnings()
    assert "1.0039" in warning
    assert "similarity" in warning
    scaled = control(tmp_path, seen=seen, model="similarity")
    assert scaled.fitted.similarity.scale == pytest.approx(1 / 1.004, abs=3e-4)
    assert scaled.distances_m.max() < 0.015


@pytest.mark.parametrize(
    ("known", "seen", "words"),
    [
        (TARGETS[:2], SEEN[:2], "to fix it, not 2"),
        (TARGETS[:, [1, 0, 2]], SEEN, "easting and northing are likely exchanged"),
        (TARGETS, SEEN / 0.3048, "likely in feet"),
        (TARGETS, SEEN * 1000, "likely in millimetres"),
        (TARGETS[[1, 2, 3, 4, 5, 0]], SEEN, "not the same points"),
        (with_first_off([0, 0, 30]), SEEN, "without T1 the others agree"),
        (
            SITE + np.outer(np.arange(4.0), [3, 1, 0.1]),
            scanner_frame()(SITE + np.outer(np.arange(4.0), [3, 1, 0.1])),
            "on one line",
        ),
    ],
)
def test_points_that_cannot_fix_the_scan_are_refused(tmp_path, known, seen, words):
    assert words in refused(tmp_path, known, seen)


def test_a_scanner_that_counts_y_upwards_is_turned(tmp_path):
    made = control(tmp_path, seen=scanner_frame()(TARGETS)[:, [0, 2, 1]] * [1, 1, -1])
    assert made.distances_m.max() < 1e-3


def test_a_pipe_carries_the_registrations_sigma(tmp_path):
    pipe = make_pipe("P1")
    made = control(tmp_path, TARGETS + (pipe.centreline.mean(axis=0) - SITE), SEEN)
    placed = with_registration(pipe, [[made.fitted]])
    spread = np.sqrt((made.fitted.std_m(pipe.centreline) ** 2).mean(axis=0))
    assert placed.position_std_h_m == pytest.approx(np.hypot(pipe.position_std_h_m, spread[0]))
    assert placed.position_std_v_m == pytest.approx(np.hypot(pipe.position_std_v_m, spread[1]))
    tilt = made.fitted.tilt_std_rad
    assert 1e-5 < tilt < 1e-2
    expected = np.hypot(pipe.cover_std_m, tilt * pipe.cover_mean_m)
    assert placed.cover_std_m == pytest.approx(expected)
    assert (placed.stations.cover_std_m > pipe.stations.cover_std_m)[pipe.stations.observed].all()
    assert np.array_equal(placed.centreline, pipe.centreline)
    worse = control(tmp_path, TARGETS + (pipe.centreline.mean(axis=0) - SITE), SEEN * 1.01)
    both = with_registration(pipe, [[made.fitted], [worse.fitted]])
    assert both.position_std_h_m > placed.position_std_h_m


def test_fits_of_a_chain_add_up(tmp_path):
    pipe = make_pipe("P1")
    made = control(tmp_path, TARGETS + (pipe.centreline.mean(axis=0) - SITE), SEEN).fitted
    once, twice = (with_registration(pipe, [chain]) for chain in ([made], [made, made]))
    gained = [placed.position_std_v_m**2 - pipe.position_std_v_m**2 for placed in (once, twice)]
    assert gained[1] == pytest.approx(2 * gained[0])


def test_known_points_in_feet_are_told(tmp_path):
    message = refused(tmp_path, known=TARGETS / 0.3048)
    assert "3.281 times as far apart" in message
    assert "likely in feet" in message


def test_two_points_that_were_mixed_up_are_named(tmp_path):
    mixed = TARGETS[[0, 4, 2, 3, 1, 5]]
    assert "with T2 and T5 exchanged all agree" in refused(tmp_path, known=mixed)


def test_the_point_that_is_off_is_named_though_others_fit_nearly_without_another(tmp_path):
    """Without T2 the gate would be met, too; without T3 the others agree to 5 mm."""
    square = SITE + np.array([[-4, -3, 0], [4, -3, 0.1], [4, 3, 0], [-4, 3, 0.1], [0, 0, -1.2]])
    wrong = square.copy()
    wrong[2] += [0.12, -0.08, 0.0]
    noise = np.random.default_rng(1).normal(0, 0.003, square.shape)
    made = control(tmp_path, known=wrong, seen=scanner_frame()(square) + noise)
    gate = made.gates(CORNERS)[0]
    assert not gate.passed
    assert "without T3 the others agree" in gate.detail


def test_other_scans_and_check_points_are_told_where_too_few_are_left(tmp_path):
    checks = refused(tmp_path, extra=[["check"]] * len(TARGETS))
    assert "not 0 beside 6 check points" in checks
    path = tmp_path / "gcp.csv"
    rows = path.read_text("utf-8").replace("role", "scan").replace(",check", ",other.laz")
    path.write_text(rows, "utf-8")
    options = RegistrationOptions(gcp=str(path))
    with pytest.raises(GeoreferenceError, match=r"its column scan names other\.laz"):
        control_of(tmp_path / "scan.laz", options, north_first=False)


@pytest.mark.parametrize("name", ["scan", "scan.las", "SCAN.E57", "scan.ply"])
def test_a_scan_goes_by_its_name_before_it_was_rewritten(tmp_path, name):
    path = write_targets(
        tmp_path / "gcp.csv", TARGETS, SEEN,
        "name,easting,northing,elevation,scan_x,scan_y,scan_z,scan", [[name]] * len(TARGETS),
    )  # fmt: skip
    made = control_of(tmp_path / "scan.las", RegistrationOptions(gcp=str(path)), north_first=False)
    assert len(made.targets) == len(TARGETS)
