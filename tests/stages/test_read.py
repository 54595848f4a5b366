import json
import struct
from pathlib import Path

import laspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from twin_pipeline.errors import InputError
from twin_pipeline.stages.read import (
    DIMENSIONS,
    describe_scan,
    inspect_scan,
    read_chunks,
    read_cloud,
    read_points,
    sha256_of,
)
from twin_pipeline.stages.read.distinct import DistinctCounter
from twin_pipeline.stages.read.layout import dimension_names, record_layout

SHARED = Path(__file__).parents[3] / "shared" / "data"
HOSTILE = sorted(SHARED.glob("hostile_las/**/*.la[sz]"))
UNREADABLE = {
    "broken_coder.laz",
    "broken_compressor.laz",
    "broken_size.laz",
    "broken_type.laz",
    "no-points-1.3.las",
    "no-points-1.3.laz",
}
VERSIONS = [
    *[(version, fmt) for version in ("1.1", "1.2") for fmt in range(2)],
    *[("1.2", fmt) for fmt in (2, 3)],
    *[("1.3", fmt) for fmt in range(6)],
    *[("1.4", fmt) for fmt in range(11)],
]
SITE = np.array([-12818.761, -34428.095, 40.0])


def write_scan(path, *, version="1.4", point_format=7, xyz=None, colour=1000, count=500):
    header = laspy.LasHeader(version=version, point_format=point_format)
    header.scales = np.full(3, 0.001)
    header.offsets = np.floor(SITE)
    las = laspy.LasData(header)
    if xyz is None:
        xyz = SITE + np.random.default_rng(1).uniform(0, 3, (count, 3))
    las.x, las.y, las.z = xyz.T
    las.intensity = np.arange(len(xyz)) % 60000
    las.classification = np.arange(len(xyz)) % 20
    las.return_number = np.arange(len(xyz)) % 5
    if "red" in las.point_format.dimension_names:
        las.red = np.full(len(xyz), colour, dtype=np.uint16)
    las.write(path)
    return xyz


def patched(path, at, layout, *values):
    data = bytearray(path.read_bytes())
    struct.pack_into(layout, data, at, *values)
    path.write_bytes(data)


def unreadable(path):
    with pytest.raises(InputError) as caught:
        read_cloud(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def read_or_refuse(path, points):
    """Return whether the file gave all its points; otherwise it was refused in one line."""
    try:
        read = read_points(path)
    except InputError as error:
        return "\n" in str(error)
    assert len(read.cloud) + len(read.withheld.places) == read.withheld.total == points
    return bool(np.isfinite(read.cloud.xyz).all())


@pytest.mark.parametrize("suffix", [".las", ".laz"])
@pytest.mark.parametrize(("version", "point_format"), VERSIONS)
def test_all_versions_and_point_formats(tmp_path, version, point_format, suffix):
    path = tmp_path / f"scan{suffix}"
    xyz = write_scan(path, version=version, point_format=point_format)
    chunks = list(read_chunks(path, chunk_points=200))
    assert [chunk.start for chunk in chunks] == [0, 200, 400]
    assert np.abs(np.vstack([chunk.xyz for chunk in chunks]) - xyz).max() < 0.00051
    attributes = chunks[1].attributes
    assert attributes["intensity"].tolist() == list(range(200, 400))
    assert attributes["classification"].tolist() == [i % 20 for i in range(200, 400)]
    assert attributes["return_number"].tolist() == [i % 5 for i in range(200, 400)]
    assert attributes["classification"].dtype == attributes["return_number"].dtype == np.uint8
    assert ("gps_time" in attributes) == (point_format not in (0, 2))
    assert ("red" in attributes) == (point_format in (2, 3, 5, 7, 8, 10))
    info = inspect_scan(path)
    assert (info.version, info.point_format) == (version, point_format)
    assert info.compressed == (suffix == ".laz")
    assert info.defects == ()
    assert info.unreadable is None


def test_only_wanted_attributes_are_read(tmp_path):
    write_scan(tmp_path / "scan.laz")
    (chunk,) = read_chunks(tmp_path / "scan.laz", dimensions=("red",))
    assert set(chunk.attributes) == {"red"}


@pytest.mark.parametrize("point_format", [3, 6, 7, 8, 10])
def test_what_is_not_wanted_of_a_laz_changes_nothing_else(tmp_path, point_format):
    path = tmp_path / "scan.laz"
    write_scan(path, point_format=point_format)
    las = laspy.read(path)
    las.gps_time = np.random.default_rng(2).uniform(0, 1e9, len(las))
    las.write(path)
    (whole,) = read_chunks(path)
    for names in (*((name,) for name in DIMENSIONS), ("intensity", "gps_time"), ()):
        (chunk,) = read_chunks(path, dimensions=names)
        assert np.array_equal(chunk.xyz, whole.xyz)
        assert set(chunk.attributes) == set(names) & set(whole.attributes)
        for name, values in chunk.attributes.items():
            assert np.array_equal(values, whole.attributes[name])


@given(
    counts=hnp.arrays(np.int32, st.tuples(st.integers(1, 30), st.just(3))),
    axis_order=st.sampled_from(["en", "ne", None]),
    suffix=st.sampled_from([".las", ".laz"]),
)
@settings(max_examples=40, deadline=None)
def test_coordinates_come_back_exactly_in_both_axis_orders(
    tmp_path_factory, counts, axis_order, suffix
):
    path = tmp_path_factory.mktemp("scans") / f"scan{suffix}"
    header = laspy.LasHeader(version="1.2", point_format=0)
    header.scales, header.offsets = np.full(3, 0.001), np.array([1000.0, -2000.0, 30.0])
    las = laspy.LasData(header)
    las.X, las.Y, las.Z = counts.T
    las.write(path)
    stored = counts * 0.001 + header.offsets
    expected = stored[:, [1, 0, 2]] if axis_order == "ne" else stored
    cloud = read_cloud(path, axis_order=axis_order)
    assert np.abs(cloud.xyz + cloud.origin - expected).max() < 1e-8
    assert np.array_equal(cloud.origin, np.round(cloud.origin))
    chunks = np.vstack([chunk.xyz for chunk in read_chunks(path, axis_order=axis_order)])
    assert np.array_equal(chunks, expected)


def test_a_cloud_keeps_file_order_and_small_numbers(tmp_path):
    xyz = write_scan(tmp_path / "scan.laz")
    cloud = read_cloud(tmp_path / "scan.laz")
    assert np.abs(cloud.xyz + cloud.origin - xyz).max() < 0.00051
    assert np.abs(cloud.xyz).max() < 3


def test_extra_dimensions_are_skipped_but_named(tmp_path):
    path = tmp_path / "scan.laz"
    las = laspy.LasData(laspy.LasHeader(version="1.4", point_format=6))
    las.add_extra_dim(laspy.ExtraBytesParams("reflectance", np.float32))
    las.x, las.y, las.z = np.arange(30.0).reshape(3, 10)
    las.reflectance = np.arange(10)
    las.write(path)
    assert read_cloud(path).xyz[:, 0] == pytest.approx(np.arange(10) - 4.0)
    assert "reflectance" in inspect_scan(path).dimensions


def test_serial_and_parallel_decoding_agree(tmp_path, monkeypatch):
    path = tmp_path / "scan.laz"
    write_scan(path, count=120_000)
    parallel = read_cloud(path)
    monkeypatch.setattr("twin_pipeline.stages.read.ahead.PARALLEL_BYTES", 0)
    serial = read_cloud(path)
    assert np.array_equal(parallel.xyz, serial.xyz)


def test_counts_that_memory_is_not_taken_for_grow_with_the_points(tmp_path, monkeypatch):
    path = tmp_path / "scan.laz"
    write_scan(path, count=3000)
    whole = read_cloud(path)
    monkeypatch.setattr("twin_pipeline.stages.read.points._trusted_count", lambda _: 100)
    assert np.array_equal(read_cloud(path).xyz, whole.xyz)


# --- damaged files -----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".las", ".laz"])
@pytest.mark.parametrize("kept", [0.0, 0.05, 0.3, 0.7, 0.99])
def test_cut_off_files(tmp_path, suffix, kept):
    path = tmp_path / f"scan{suffix}"
    write_scan(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    unreadable(path)


@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_a_count_beyond_the_file(tmp_path, suffix):
    path = tmp_path / f"scan{suffix}"
    write_scan(path)
    patched(path, 247, "<Q", 10**12)
    message = unreadable(path)
    assert "1000000000000" in message
    info = inspect_scan(path)
    assert info.unreadable == message
    assert info.actual_box is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -0.001, 1e300])
def test_impossible_scale(tmp_path, value):
    path = tmp_path / "scan.las"
    write_scan(path)
    patched(path, 131, "<d", value)
    assert "scale" in unreadable(path)


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 1e300])
def test_impossible_offset(tmp_path, value):
    path = tmp_path / "scan.las"
    write_scan(path)
    patched(path, 155, "<d", value)
    assert "offset" in unreadable(path)


@pytest.mark.parametrize(
    ("at", "layout", "value", "words"),
    [
        (25, "<B", 9, "version 1.9"),
        (24, "<B", 2, "version 2.4"),
        (104, "<B", 33, "point format 33"),
        (105, "<H", 3, "3 bytes long"),
        (96, "<I", 0, "start at byte 0"),
        (96, "<I", 2**32 - 1, "start at byte 4294967295"),
    ],
)
def test_impossible_headers(tmp_path, at, layout, value, words):
    path = tmp_path / "scan.las"
    write_scan(path)
    patched(path, at, layout, value)
    assert words in unreadable(path)


def test_garbage_record_counts_cost_no_time_and_leave_the_points(tmp_path):
    path = tmp_path / "scan.las"
    write_scan(path)
    patched(path, 100, "<I", 2**32 - 1)
    patched(path, 235, "<QI", 2**63, 2**32 - 1)
    assert len(read_cloud(path)) == 500
    assert len(inspect_scan(path).defects) == 2


@pytest.mark.parametrize("point_format", [3, 7])
def test_damage_anywhere_in_a_laz_is_an_input_error_or_points(tmp_path, point_format):
    path = tmp_path / "scan.laz"
    write_scan(path, point_format=point_format)
    data = path.read_bytes()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        damaged = bytearray(data)
        start = 375 if seed % 2 else len(data) - 40
        for at in rng.integers(start, len(data), 3):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        read_or_refuse(path, 500)


def test_huge_laz_chunks_take_no_memory_on_their_word(tmp_path):
    path = tmp_path / "scan.laz"
    write_scan(path, version="1.2", point_format=3)
    data = path.read_bytes()
    record = data.index(b"laszip encoded")
    patched(path, record - 2 + 54 + 12, "<I", 2**32 - 2)
    assert len(read_cloud(path)) == 500


def test_layers_larger_than_their_chunk(tmp_path):
    path = tmp_path / "scan.laz"
    write_scan(path, point_format=7)
    (start,) = struct.unpack_from("<I", path.read_bytes(), 96)
    patched(path, start + 8 + 36 + 4, "<I", 2**32 - 1)
    assert "chunk" in unreadable(path)


@pytest.mark.parametrize("content", [b"", b"LASF", b"ASTM-E57" * 100, b"\0" * 1000])
def test_other_files(tmp_path, content):
    path = tmp_path / "scan.las"
    path.write_bytes(content)
    unreadable(path)
    with pytest.raises(InputError):
        inspect_scan(path)


def test_missing_files_and_folders(tmp_path):
    unreadable(tmp_path / "absent.las")
    unreadable(tmp_path)
    with pytest.raises(InputError):
        sha256_of(tmp_path / "absent.las")


@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_no_points(tmp_path, suffix):
    path = tmp_path / f"scan{suffix}"
    write_scan(path, xyz=np.empty((0, 3)))
    assert "holds no points" in unreadable(path)
    assert "holds no points" in inspect_scan(path).unreadable


# --- what a scan is ----------------------------------------------------------------------------


def test_info_measures_what_the_points_are(tmp_path):
    path = tmp_path / "scan.laz"
    rng = np.random.default_rng(2)
    xyz = SITE + rng.uniform(0, 1, (40_000, 3)) * (10, 5, 1)
    write_scan(path, xyz=xyz)
    info = inspect_scan(path)
    assert info.actual_box.lower == pytest.approx(xyz.min(axis=0), abs=0.001)
    assert info.actual_box.upper == pytest.approx(xyz.max(axis=0), abs=0.001)
    assert info.density_per_m2 == pytest.approx(800, rel=0.05)
    assert info.density_cell_m == 0.1
    assert info.sha256 == sha256_of(path)
    assert info.duplicate_fraction == 0


def test_header_only_reads_no_points(tmp_path):
    write_scan(tmp_path / "scan.laz")
    info = inspect_scan(tmp_path / "scan.laz", full=False)
    assert info.sha256 is None
    assert info.actual_box is None
    assert info.box == info.header_box


def test_defects_are_named(tmp_path):
    path = tmp_path / "scan.las"
    xyz = SITE + np.random.default_rng(3).uniform(0, 3, (300, 3))
    write_scan(path, xyz=np.vstack([xyz, xyz]))
    patched(path, 179, "<d", 1e6)
    path = path.rename(path.with_suffix(".laz"))
    box, repeats, name = "bounding box is wrong", "50% of the points repeat", "not compressed"
    text = " ".join(inspect_scan(path).defects)
    assert all(words in text for words in (box, repeats, name))
    assert len(read_cloud(path)) == 600


def test_a_box_of_garbage_is_none(tmp_path):
    path = tmp_path / "scan.las"
    write_scan(path)
    patched(path, 179, "<6d", *[float("nan")] * 6)
    info = inspect_scan(path)
    assert info.header_box is None
    json.dumps(info.to_dict(), allow_nan=False)


def test_crs_records_are_found(tmp_path):
    path = tmp_path / "scan.las"
    write_scan(path, version="1.2", point_format=3)
    las = laspy.read(path)
    keys = struct.pack("<12H", 1, 1, 0, 2, 3072, 0, 1, 6677, 4096, 0, 1, 6695)
    las.vlrs.append(laspy.VLR("LASF_Projection", 34735, "", keys))
    las.write(path)
    record = inspect_scan(path).crs
    assert record.problem is None
    assert [part.to_epsg() for part in record.crs().sub_crs_list] == [6677, 6695]


def test_a_wkt_record_at_the_end_of_the_file_is_found(tmp_path):
    path = tmp_path / "scan.laz"
    write_scan(path)
    las = laspy.read(path)
    wkt = laspy.vlrs.known.WktCoordinateSystemVlr('LOCAL_CS["site"]')
    las.evlrs = laspy.vlrs.vlrlist.VLRList([wkt])
    las.write(path)
    assert inspect_scan(path).crs.to_dict()["name"] == "site"


def test_description_is_for_people_and_dict_for_programs(tmp_path):
    path = tmp_path / "scan.laz"
    write_scan(path)
    info = inspect_scan(path)
    lines = describe_scan(info).splitlines()
    assert "format       LAZ 1.4, point format 7" in lines
    assert "points       500" in lines
    assert "CRS          none recorded" in lines
    assert "defects      none" in lines
    assert json.loads(json.dumps(info.to_dict(), allow_nan=False))["point_count"] == 500


@given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(-5, 5)), max_size=300))
@settings(max_examples=50, deadline=None)
def test_distinct_counting(pairs):
    counter = DistinctCounter(18)
    for first, second in pairs:
        counter.add(np.array([first]), np.array([second]))
    assert counter.estimate() == pytest.approx(len(set(pairs)), abs=2)


# --- files from the wild -----------------------------------------------------------------------


@pytest.mark.skipif(not HOSTILE, reason="shared/data/hostile_las is not beside the checkout")
def test_files_from_the_wild_are_read_or_refused_in_one_line():
    refused = set()
    for path in HOSTILE:
        json.dumps(inspect_scan(path).to_dict(), allow_nan=False)
        with laspy.open(path) as reader:
            if not read_or_refuse(path, reader.header.point_count):
                refused.add(path.name)
    assert refused == UNREADABLE


@pytest.mark.skipif(not HOSTILE, reason="shared/data/hostile_las is not beside the checkout")
@pytest.mark.parametrize("name", ["1_4_w_evlr", "point-color", "point-time-color", "extra-bytes"])
def test_twins_from_the_wild_are_equal(name):
    plain, packed = (
        next(
            path
            for path in HOSTILE
            if path.name == f"{name}{suffix}" and "laz-perf" not in str(path)
        )
        for suffix in (".las", ".laz")
    )
    for one, other in zip(read_chunks(plain), read_chunks(packed), strict=True):
        assert np.array_equal(one.xyz, other.xyz)
        for attribute, values in one.attributes.items():
            assert np.array_equal(values, other.attributes[attribute])


@pytest.mark.parametrize("point_format", range(11))
def test_records_are_laid_out_as_laspy_has_them(point_format):
    known = laspy.PointFormat(point_format)
    assert record_layout(point_format) == known.dtype()
    assert dimension_names(point_format) == tuple(known.dimension_names)
