import laspy
import numpy as np
import pytest

from twin_pipeline.errors import InputError
from twin_pipeline.shelves import Shelf
from twin_pipeline.stages.read import describe_scan, inspect_scan, read_chunks, read_points

COUNT = 3_000
FORMATS = [(fmt, version) for fmt in range(11) for version in ("1.2", "1.3", "1.4")]
KNOWN = {"1.2": range(4), "1.3": range(6), "1.4": range(11)}


def write(path, flagged, point_format=6, version="1.4", **flags):
    header = laspy.LasHeader(version=version, point_format=point_format)
    header.scales = np.full(3, 0.001)
    las = laspy.LasData(header)
    xyz = np.random.default_rng(1).uniform(0, 3, (COUNT, 3)).round(3)
    las.x, las.y, las.z = xyz.T
    las.classification = np.arange(COUNT) % 32
    las.withheld = flagged
    if "gps_time" in las.point_format.dimension_names:
        las.gps_time = np.arange(COUNT, dtype=float)
    for name, values in flags.items():
        setattr(las, name, values)
    las.write(path)
    return xyz


def some():
    flagged = np.zeros(COUNT, bool)
    flagged[[0, 7, 1_500, COUNT - 1]] = True
    return flagged


@pytest.mark.parametrize("suffix", ["las", "laz"])
@pytest.mark.parametrize(("point_format", "version"), [(f, v) for f, v in FORMATS if f in KNOWN[v]])
def test_withheld_points_are_no_part_of_the_cloud(tmp_path, point_format, version, suffix):
    path, others = tmp_path / f"scan.{suffix}", ["synthetic", "key_point"]
    if point_format > 5:
        others.append("overlap")
    all_others = dict.fromkeys(others, np.ones(COUNT, bool))
    xyz = write(path, some(), point_format, version, **all_others)
    read = read_points(path)
    assert read.withheld.places.tolist() == np.flatnonzero(some()).tolist()
    assert np.abs(read.cloud.xyz + read.cloud.origin - xyz[~some()]).max() < 1e-9
    if read.cloud.time_s is not None:
        assert np.array_equal(read.cloud.time_s, np.flatnonzero(~some()))
    chunks = list(read_chunks(path, dimensions=("withheld", "classification"), chunk_points=700))
    carried = np.concatenate([chunk.attributes["withheld"] for chunk in chunks])
    assert np.array_equal(carried, some())
    classes = np.concatenate([chunk.attributes["classification"] for chunk in chunks])
    assert np.array_equal(classes, np.arange(COUNT) % 32)


def test_other_flags_alone_withhold_nothing(tmp_path):
    path = tmp_path / "scan.laz"
    every = np.ones(COUNT, bool)
    write(
        path, ~every, synthetic=every, key_point=every, overlap=every, scanner_channel=[3] * COUNT
    )
    read = read_points(path)
    assert len(read.cloud) == COUNT
    assert not len(read.withheld.places)
    assert list(read.withheld.told()) == []


def test_a_shelf_gives_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("twin_pipeline.stages.read.points.CHUNK_POINTS", 400)
    path, flagged = tmp_path / "scan.laz", some()
    flagged[:900] = True
    write(path, flagged)
    alone, shelved = read_points(path), read_points(path, shelf=Shelf(tmp_path / "shelf"))
    assert np.array_equal(alone.cloud.xyz, shelved.cloud.xyz)
    assert np.array_equal(alone.cloud.time_s, shelved.cloud.time_s)
    assert np.array_equal(alone.withheld.places, shelved.withheld.places)
    assert np.array_equal(alone.withheld.lower, shelved.withheld.lower)


def test_used_spans_tell_which_points_are_left(tmp_path, monkeypatch):
    monkeypatch.setattr("twin_pipeline.stages.read.withheld._SPAN", 1_000)
    write(tmp_path / "scan.las", some())
    spans = list(read_points(tmp_path / "scan.las").withheld.used_spans())
    assert [first for first, _ in spans] == [0, 1_000, 2_000]
    assert np.array_equal(np.concatenate([used for _, used in spans]), ~some())


@pytest.mark.parametrize("point_format", [1, 6])
def test_a_scan_of_nothing_else_is_refused(tmp_path, point_format):
    path = tmp_path / "scan.laz"
    write(path, np.ones(COUNT, bool), point_format)
    with pytest.raises(
        InputError, match=r"scan\.laz: all of its 3,000 points are flagged withheld"
    ):
        read_points(path)


@pytest.mark.parametrize(
    ("count", "share"), [(30, "1.0 %"), (1, "less than 0.1 %"), (2999, "100.0 %")]
)
def test_number_and_share_are_told(tmp_path, count, share):
    flagged = np.arange(COUNT) < count
    write(tmp_path / "scan.laz", flagged)
    (told,) = read_points(tmp_path / "scan.laz").withheld.told()
    assert told.startswith(f"{count:,} of 3,000 points ({share}) are flagged withheld")


def test_info_counts_them(tmp_path):
    write(tmp_path / "scan.laz", some())
    info = inspect_scan(tmp_path / "scan.laz")
    assert info.withheld_count == info.to_dict()["withheld_count"] == 4
    assert "points       3,000, of which 4 are withheld\n" in describe_scan(info)
    assert inspect_scan(tmp_path / "scan.laz", full=False).withheld_count is None
