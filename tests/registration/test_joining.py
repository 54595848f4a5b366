"""Several scans of one site in one frame."""

import laspy
import numpy as np
import pytest

from tests.registration.made import TARGETS, scanner_frame, write_targets
from tests.registration.test_align import (
    ORIGIN,
    displaced,
    needs_open3d,
    trench,
    without_ends,
)
from twin_pipeline import joining
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.gathering import gather
from twin_pipeline.registration import RegistrationOptions, Similarity
from twin_pipeline.site import Site

UNALIGNED = RegistrationOptions(align="none")


def site(scans, registration=UNALIGNED, **crs):
    given = CrsOptions(**({"vertical": "jgd2011", "axis_order": "en"} | crs))
    return Site("both", tuple(scans), Config(crs=given, registration=registration))


def test_scans_with_other_heights_are_raised_and_the_difference_told(make_scan):
    old, new = make_scan("old.las", crs=10170), make_scan("new.las", crs=11327, points=1500)
    gathered = gather(site([old, new], vertical=None))
    assert gathered.georeference.describe()["vertical"]["value"] == "jgd2011"
    alone = gather(site([new], vertical=None))
    raised = gathered.cloud.xyz[2000:, 2] + gathered.cloud.origin[2]
    difference = raised - (alone.cloud.xyz[:, 2] + alone.cloud.origin[2])
    assert difference == pytest.approx(0.0936, abs=2e-4)
    (warning,) = [text for text in gathered.warnings() if "another surface" in text]
    assert "raised by 0.09" in warning
    assert "new.las" in warning
    chunks = np.vstack([chunk.xyz for chunk in gathered.chunks()])
    assert np.abs(chunks - gathered.cloud.xyz - gathered.cloud.origin).max() < 1e-6


def test_scans_in_other_zones_are_refused(make_scan):
    scans = [make_scan("a.las", crs=6677), make_scan("b.las", crs=6676)]
    with pytest.raises(GeoreferenceError, match="must share them"):
        gather(site(scans, axis_order="en"))


def test_scans_put_together_unaligned_are_told(make_scan, monkeypatch):
    monkeypatch.setattr(joining, "available", lambda: False)
    scans = [make_scan("a.las"), make_scan("b.las")]
    warnings = gather(site(scans, RegistrationOptions())).warnings()
    assert any("not aligned to each other" in text for text in warnings)
    assert not any("not aligned" in text for text in gather(site(scans)).warnings())


def test_a_second_scan_may_lack_control_points(make_scan, tmp_path):
    rows = [(known, known + np.array([0.0, 0.0, 1.0])) for known in TARGETS]
    header = "name,easting,northing,elevation,scan_x,scan_y,scan_z,scan"
    gcp = write_targets(tmp_path / "gcp.csv", *zip(*rows, strict=True), header, [["a"]] * 6)
    options = RegistrationOptions(gcp=str(gcp), align="none")
    gathered = gather(site([make_scan("a.las"), make_scan("b.las")], options))
    lowered, left = np.split(gathered.cloud.xyz[:, 2] + gathered.cloud.origin[2], 2)
    assert left.mean() - lowered.mean() == pytest.approx(1.0, abs=0.01)
    with pytest.raises(GeoreferenceError, match=r"scan b: three control points or more .* not 0"):
        gather(site([make_scan("b.las"), make_scan("a.las")], options))


def test_changes_follow_each_other():
    random = np.random.default_rng(1)
    points = random.uniform(-5, 5, (20, 3))
    from twin_pipeline.registration.fit import fit

    first = fit(TARGETS, scanner_frame()(TARGETS), np.ones(6), scaled=False).similarity
    second = fit(
        scanner_frame()(TARGETS), scanner_frame((5, 1, 9))(TARGETS) * 1.2, np.ones(6), scaled=True
    ).similarity
    both = first.then(second).apply(points)
    assert np.abs(both - second.apply(first.apply(points))).max() < 1e-8


def test_tiles_have_the_same_heights_as_the_run(make_scan, tmp_path):
    from twin_pipeline.progress import Progress
    from twin_pipeline.tiling import tile_site

    scans = [make_scan("old.las", crs=10170), make_scan("new.las", crs=11327, points=1500)]
    (tmp_path / "work").mkdir()
    outcome = tile_site(site(scans, vertical=None), tmp_path / "work", Progress())
    assert any("raised by 0.09" in warning for warning in outcome.warnings)
    assert outcome.counts["points_in_tiles"] == 3500


def write_trench(path, xyz):
    header = laspy.LasHeader(point_format=3, version="1.2")
    header.scales, header.offsets = [1e-4] * 3, ORIGIN
    las = laspy.LasData(header)
    las.x, las.y, las.z = (xyz + ORIGIN).T
    las.write(path)
    return path


@needs_open3d
def test_tiles_are_aligned_like_the_run(tmp_path):
    from twin_pipeline.progress import Progress
    from twin_pipeline.tiling import tile_site

    true = trench(2)
    moved = displaced(true, (0.3, 0.0, 0.0), (0.08, -0.05, 0.04))
    scans = [
        write_trench(tmp_path / "first.las", trench(1)),
        write_trench(tmp_path / "second.las", moved),
    ]
    (tmp_path / "work").mkdir()
    options = {"crs": 6677, "axis_order": "en"}
    both = site(scans, RegistrationOptions(), **options)
    outcome = tile_site(both, tmp_path / "work", Progress())
    assert not any("aligned" in warning for warning in outcome.warnings)
    (row,) = outcome.result.registration
    assert (row["scan"], row["method"]) == ("second.las", "icp")
    change = Similarity(np.array(row["rotation"]), 1.0, np.array(row["from"]), np.array(row["to"]))
    assert np.abs(change.apply(moved + ORIGIN) - ORIGIN - true).max() < 0.003
    by_run = gather(both).registration[0]
    assert np.allclose(row["to"], by_run["to"], atol=0.2)
    slid = [write_trench(tmp_path / f"{n}.las", without_ends(trench(n))) for n in (3, 4)]
    with pytest.raises(GeoreferenceError, match="where it slides"):
        tile_site(site(slid, RegistrationOptions(), **options), tmp_path / "work", Progress())


def test_tiles_put_together_unaligned_are_told(make_scan, tmp_path, monkeypatch):
    from twin_pipeline.progress import Progress
    from twin_pipeline.tiling import tile_site

    monkeypatch.setattr(joining, "available", lambda: False)
    (tmp_path / "work").mkdir()
    both = site([make_scan("a.las"), make_scan("b.las")], RegistrationOptions())
    outcome = tile_site(both, tmp_path / "work", Progress())
    assert any("not aligned to each other" in warning for warning in outcome.warnings)
