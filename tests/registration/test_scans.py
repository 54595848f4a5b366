"""Control points from the file to the results."""

import json
import subprocess
import sys
from pathlib import Path

import laspy
import numpy as np
import pytest

from tests.registration.made import TARGETS, scanner_frame, with_first_off, write_targets
from twin_pipeline import batch
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import UsageError
from twin_pipeline.gathering import gather
from twin_pipeline.progress import Progress
from twin_pipeline.registration import RegistrationOptions
from twin_pipeline.site import Site, site_of
from twin_pipeline.validation import validate_output

TOKYO = CrsOptions(default_crs="EPSG:6677", vertical="jgd2011", axis_order="en")
SEEN = scanner_frame()(TARGETS) + np.random.default_rng(3).normal(0, 0.004, TARGETS.shape)
STEP = 6


def moved(path, source, *, step=STEP, frame=None):
    """Write the points of a scan in the frame of a scanner, without a CRS record."""
    las = laspy.read(source)
    frame = frame or scanner_frame()
    header = laspy.LasHeader(version="1.2", point_format=3)
    header.scales = np.full(3, 1e-4)
    out = laspy.LasData(header)
    xyz = np.column_stack((las.x, las.y, las.z))[::step]
    out.x, out.y, out.z = frame(xyz).T
    out.write(path)
    return path, xyz


def settings(gcp, **options):
    return Config(crs=TOKYO, registration=RegistrationOptions(gcp=str(gcp), **options))


def test_a_scan_is_gathered_where_its_control_points_are(tmp_path, sample_scan):
    scan, xyz = moved(tmp_path / "own.laz", sample_scan, step=100)
    gcp = write_targets(tmp_path / "gcp.csv", TARGETS, scanner_frame()(TARGETS))
    gathered = gather(site_of(scan, settings(gcp)))
    found = gathered.cloud.xyz + gathered.cloud.origin
    assert np.abs(found - xyz).max() < 1e-3
    again = np.vstack([chunk.xyz for chunk in gathered.chunks()])
    assert np.abs(again - found).max() < 1e-8
    assert gathered.georeference.horizontal_epsg == 6677
    assert max(gathered.scale_m) <= 1e-4
    assert all(gate.passed for gate in gathered.gates())
    assert gathered.registration[0]["scan"] == "own.laz"
    assert not any("bounding box" in warning for warning in gathered.warnings())


def test_two_scans_of_a_site_have_control_points_of_their_own(tmp_path, sample_scan):
    frames = {"left": scanner_frame(), "right": scanner_frame((-70.0, 1.0, 0.5), (0.0, 9.0, 2.0))}
    scans, rows = [], []
    for name, frame in frames.items():
        path, xyz = moved(tmp_path / f"{name}.laz", sample_scan, step=200, frame=frame)
        scans.append(path)
        rows += [(known, seen, [name]) for known, seen in zip(TARGETS, frame(TARGETS), strict=True)]
    known, seen, extra = zip(*rows, strict=True)
    header = "name,easting,northing,elevation,scan_x,scan_y,scan_z,scan"
    gcp = write_targets(tmp_path / "gcp.csv", known, seen, header, extra)
    gathered = gather(Site("both", tuple(scans), settings(gcp)))
    found = (gathered.cloud.xyz + gathered.cloud.origin).reshape(2, -1, 3)
    assert np.abs(found - xyz).max() < 1e-3
    assert [moved_scan["scan"] for moved_scan in gathered.registration] == ["left.laz", "right.laz"]
    assert len(gathered.gates()) == 4


def test_pipes_come_out_in_their_true_place_with_a_wider_sigma(tmp_path, sample_scan, sample_truth):
    scan, _ = moved(tmp_path / "own.laz", sample_scan)
    gcp = write_targets(tmp_path / "gcp.csv", TARGETS, SEEN)
    summary = batch.run_batch([scan], tmp_path / "out", settings(gcp), Progress())
    (pipe,) = summary.results[0].survey.pipes
    (truth,) = sample_truth["pipes"]
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    (registration,) = record["sites"][0]["registration"]
    assert registration["std_v_m"] > 0.001
    assert pipe.position_std_v_m > registration["std_v_m"] * 0.9
    crowns = [pipe.crown_z_start_m, pipe.crown_z_end_m]
    true_crowns = [truth["crown_z_m"][0], truth["crown_z_m"][-1]]
    assert np.abs(np.sort(crowns) - np.sort(true_crowns)).max() < 0.02
    assert {"control points", "control point geometry"} <= {
        gate["name"] for gate in summary.record["gates"] if gate["passed"]
    }
    assert validate_output(tmp_path / "out") == []
    assert "基準点への標定" in (tmp_path / "out" / "report.html").read_text("utf-8")
    kept = json.loads((tmp_path / "out" / "sites" / "own" / "survey.json").read_text("utf-8"))
    assert kept["registration"] == [registration]


def test_a_failed_gate_is_named_and_ends_with_its_code(tmp_path, make_scan):
    scan = make_scan(crs=None)
    known = with_first_off([0.0, 0.0, 0.4])
    write_targets(tmp_path / "gcp.csv", known, TARGETS)
    tokyo = Path(__file__).parents[2] / "configs" / "tokyo.toml"
    command = [sys.executable, "-m", "twin_pipeline", "tile", scan, "-c", tokyo]
    command += ["--gcp", tmp_path / "gcp.csv", "-o", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 3, done.stderr
    assert "gate control points failed: T1 is" in done.stderr
    assert "without T1 the others agree" in done.stderr
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert len(record["sites"][0]["registration"][0]["targets"]) == 6


def test_a_scan_moved_far_from_its_own_record_is_warned_of(tmp_path, make_scan):
    """Its heights were ellipsoidal, as the geoid tells."""
    write_targets(tmp_path / "gcp.csv", TARGETS, TARGETS + np.array([0.0, 0.0, 37.0]))
    gathered = gather(site_of(make_scan(), settings(tmp_path / "gcp.csv")))
    (warning,) = [text for text in gathered.warnings() if "control points move it" in text]
    assert "-37.00 m up" in warning
    assert "its heights were ellipsoidal" in warning


def test_several_sites_need_to_be_told_apart(tmp_path, make_scan):
    gcp = write_targets(tmp_path / "gcp.csv", TARGETS, SEEN)
    scans = [make_scan("a.las"), make_scan("b.las")]
    with pytest.raises(UsageError, match="column scan"):
        batch.run_batch(scans, tmp_path / "out", settings(gcp), Progress())


def test_changed_control_points_are_run_again(tmp_path, make_scan):
    from twin_pipeline.states import files_of

    gcp = write_targets(tmp_path / "gcp.csv", TARGETS, SEEN)
    assert gcp in files_of(site_of(make_scan(), settings(gcp)))
