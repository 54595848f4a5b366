import json
import struct
import subprocess
import sys
from pathlib import Path

import laspy
import numpy as np
import pye57
import pytest
from plyfile import PlyData, PlyElement

from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.stages.read import (
    ReadOptions,
    convert,
    inspect_scan,
    needs_conversion,
    read_chunks,
    read_cloud,
)
from twin_pipeline.stages.read.convert_child import _reading

REAL = Path(__file__).parents[3] / "shared" / "data" / "real"
PLAIN, SALVAGE = ReadOptions(), ReadOptions(salvage=True)
PLACE = np.array([-12_800.0, -34_400.0, 37.0])


@pytest.fixture
def xyz():
    return PLACE + np.random.default_rng(1).uniform(0, 3, (5000, 3))


def columns(path):
    chunks = list(read_chunks(path))
    names = chunks[0].attributes
    return np.vstack([c.xyz for c in chunks]), {
        name: np.concatenate([c.attributes[name] for c in chunks]) for name in names
    }


def write_las(path, xyz, *, point_format=3):
    header = laspy.LasHeader(
        version="1.4" if point_format > 5 else "1.2", point_format=point_format
    )
    header.scales, header.offsets = [0.001] * 3, np.floor(PLACE)
    las = laspy.LasData(header)
    las.x, las.y, las.z = xyz.T
    las.intensity = np.arange(len(xyz)) % 60_000
    las.write(path)
    return path


@pytest.mark.parametrize("kind", ["binary_little_endian", "binary_big_endian", "ascii"])
def test_ply_is_read_with_colour_and_intensity(tmp_path, xyz, kind):
    rows = np.zeros(
        len(xyz),
        [(a, "f8") for a in "xyz"]
        + [("red", "u1"), ("green", "u1"), ("blue", "u1"), ("intensity", "f4")],
    )
    rows["x"], rows["y"], rows["z"] = xyz.T
    rows["red"], rows["intensity"] = 255, 0.5
    data = PlyData([PlyElement.describe(rows, "vertex")], text=kind == "ascii")
    if kind == "binary_big_endian":
        data.byte_order = ">"
    data.write(tmp_path / "scan.ply")
    assert needs_conversion(tmp_path / "scan.ply", PLAIN)
    assert convert(tmp_path / "scan.ply", tmp_path / "scan.las", PLAIN) == ()
    found, attributes = columns(tmp_path / "scan.las")
    assert np.abs(found - xyz).max() < 0.00006
    assert set(attributes["red"]) == {65535}
    assert set(attributes["green"]) == {0}
    assert set(attributes["intensity"]) == {32768}


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("coding", ["utf-8", "cp932"])
@pytest.mark.parametrize("kind", ["ascii", "binary_little_endian"])
def test_ply_may_end_its_lines_and_comment_as_it_likes(tmp_path, xyz, newline, coding, kind):
    lines = ["ply", f"format {kind} 1.0", "comment 測量点群 西新宿", f"element vertex {len(xyz)}"]
    lines += [*(f"property double {axis}" for axis in "xyz"), "end_header", ""]
    rows = "".join(f"{x} {y} {z}{newline}" for x, y, z in xyz).encode()
    body = rows if kind == "ascii" else xyz.astype("<f8").tobytes()
    (tmp_path / "scan.ply").write_bytes(newline.join(lines).encode(coding) + body)
    convert(tmp_path / "scan.ply", tmp_path / "scan.las", PLAIN)
    assert np.allclose(columns(tmp_path / "scan.las")[0], xyz, atol=1e-4)


def test_ply_without_an_end_of_its_header_is_refused(tmp_path):
    (tmp_path / "scan.ply").write_bytes(b"ply\ncomment " + b"x" * 1000)
    with pytest.raises(InputError, match=r"scan\.ply: can't be read as PLY .its header has no end"):
        convert(tmp_path / "scan.ply", tmp_path / "scan.las", PLAIN)


def test_points_without_coordinates_are_left_out_and_counted(tmp_path, xyz):
    xyz[3, 1], xyz[7] = np.nan, np.inf
    rows = np.zeros(len(xyz), [(a, "f8") for a in "xyz"])
    rows["x"], rows["y"], rows["z"] = xyz.T
    PlyData([PlyElement.describe(rows, "vertex")]).write(tmp_path / "scan.ply")
    (note,) = convert(tmp_path / "scan.ply", tmp_path / "scan.las", PLAIN)
    assert note.startswith("2 points whose coordinates are not numbers")
    assert len(read_cloud(tmp_path / "scan.las")) == len(xyz) - 2


def test_e57_joins_its_scans_by_their_poses(tmp_path, xyz):
    path = tmp_path / "scan.e57"
    local = xyz - PLACE
    with pye57.E57(str(path), mode="w") as file:
        for _ in range(2):
            data = {f"cartesian{axis}": column for axis, column in zip("XYZ", local.T, strict=True)}
            file.write_scan_raw(data, translation=PLACE)
    notes = convert(path, tmp_path / "scan.las", PLAIN)
    assert notes == ("holds 2 scans, joined by the poses that it states",)
    found, _ = columns(tmp_path / "scan.las")
    assert len(found) == 2 * len(xyz)
    assert np.abs(found[: len(xyz)] - xyz).max() < 0.00006
    assert inspect_scan(tmp_path / "scan.las").creation_date is None


@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared/data/real")
def test_real_e57_and_its_las_are_the_same_scan(tmp_path):
    convert(REAL / "pump_room.e57", tmp_path / "scan.las", PLAIN)
    found, attributes = columns(tmp_path / "scan.las")
    expected, others = columns(REAL / "pump_room.las")
    assert np.abs(found - expected).max() < 0.0002
    assert np.array_equal(attributes["red"] >> 8, others["red"] >> 8)


def ply(kind, count, properties, rows):
    named = "".join(f"property float {name}\n" for name in properties)
    return f"ply\nformat {kind} 1.0\nelement vertex {count}\n{named}end_header\n{rows}".encode()


@pytest.mark.parametrize(
    "content",
    [
        ply("ascii", 10**12, "xyz", "1 2 3\n"),
        ply("binary_little_endian", 10**12, "xyz", "123"),
        ply("ascii", 1, "x", "1\n"),
        ply("ascii", 0, "xyz", ""),
        b"ply\n\xff\xfe",
        b"ASTM-E57" + bytes(40),
        b"ASTM-E57" + struct.pack("<II5Q", 1, 0, 10**12, 10**12, 48, 10**12, 1024),
    ],
)
def test_lying_files_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / "scan"
    path.write_bytes(content)
    with pytest.raises(InputError) as raised:
        convert(path, tmp_path / "scan.las", PLAIN)
    assert str(raised.value).startswith(f"{path}: can't be read as ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["scan.las", "scan.laz"])
@pytest.mark.parametrize("point_format", [0, 3, 6, 7])
@pytest.mark.parametrize("kept", [0.5, 0.97])
def test_salvage_gives_the_points_before_the_cut(tmp_path, xyz, name, point_format, kept):
    many = np.vstack([xyz + 0.001 * n for n in range(26)])  # several chunks of LAZ
    path = write_las(tmp_path / name, many, point_format=point_format)
    data = path.read_bytes()
    expected, attributes = columns(path)
    path.write_bytes(data[: int(len(data) * kept)])
    (note,) = convert(path, tmp_path / "out.las", SALVAGE)
    found, salvaged = columns(tmp_path / "out.las")
    assert 0 < len(found) < len(many)
    assert note == f"salvaged: {len(many) - len(found):,} of {len(many):,} points are missing"
    assert np.array_equal(found, expected[: len(found)])
    assert np.array_equal(salvaged["intensity"], attributes["intensity"][: len(found)])
    if name == "scan.las" or point_format < 6:  # LAZ of newer formats is whole chunks or nothing
        assert len(found) > (kept - 0.05) * len(many)
    assert inspect_scan(tmp_path / "out.las").unreadable is None


def test_sound_scan_is_the_same_when_salvaged(tmp_path, xyz):
    path = write_las(tmp_path / "scan.laz", xyz)
    assert convert(path, tmp_path / "out.las", SALVAGE) == ()
    assert np.array_equal(columns(path)[0], columns(tmp_path / "out.las")[0])


def test_nothing_to_salvage_is_one_line(tmp_path, xyz):
    path = write_las(tmp_path / "scan.laz", xyz)
    path.write_bytes(path.read_bytes()[:340])
    with pytest.raises(InputError, match="not one point can be salvaged"):
        convert(path, tmp_path / "out.las", SALVAGE)


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is no JSON file"), ("{}", "holds no list of stages"), (None, "is no JSON file")],
)
def test_pipeline_that_can_not_be_read_is_wrong_usage(tmp_path, xyz, content, message):
    path, pipeline = write_las(tmp_path / "scan.las", xyz), tmp_path / "pipeline.json"
    if content is not None:
        pipeline.write_text(content)
    with pytest.raises(UsageError, match=message):
        convert(path, tmp_path / "out.las", ReadOptions(pdal_pipeline=str(pipeline)))


def test_pdal_stages_begin_with_reading_the_file():
    crop = {"type": "filters.crop", "bounds": "([0,1],[0,1])"}
    assert _reading([crop], "a.xyz") == ["a.xyz", crop]
    reader = {"type": "readers.text", "skip": 1}
    assert _reading([reader, crop], "a.xyz") == [{**reader, "filename": "a.xyz"}, crop]


def test_pdal_reads_what_only_it_knows(tmp_path, xyz):
    pytest.importorskip("pdal", reason="needs PDAL: see environment.yml")
    path, pipeline = tmp_path / "scan.xyz", tmp_path / "pipeline.json"
    np.savetxt(path, xyz, header="X,Y,Z", delimiter=",", comments="")
    pipeline.write_text(json.dumps([{"type": "readers.text"}]))
    convert(path, tmp_path / "out.las", ReadOptions(pdal_pipeline=str(pipeline)))
    assert len(read_cloud(tmp_path / "out.las")) == len(xyz)


def test_run_names_the_scan_that_was_given(tmp_path, xyz):
    rows = np.zeros(len(xyz), [(a, "f8") for a in "xyz"])
    rows["x"], rows["y"], rows["z"] = xyz.T
    scan, out = tmp_path / "現場 1.ply", tmp_path / "out"
    PlyData([PlyElement.describe(rows, "vertex")]).write(scan)
    flags = ["--crs", "EPSG:6677", "--vertical", "jgd2011", "--axis-order", "en", "-q"]
    command = [sys.executable, "-m", "twin_pipeline", "tile", scan, "-o", out, *flags]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    text = (out / "run.json").read_text("utf-8")
    record = json.loads(text)
    assert record["inputs"][0]["path"] == str(scan)
    assert record["sites"][0]["name"] == "現場 1"
    assert "rewritten" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "現場 1.ply"]
    without = [sys.executable, "-m", "twin_pipeline", "tile", scan, "-o", tmp_path / "b", "-q"]
    done = subprocess.run(without, capture_output=True, check=False, text=True)
    assert done.returncode == 4
    assert "現場 1.ply" in done.stderr


@pytest.mark.parametrize("kind", ["ply", "e57"])
@pytest.mark.parametrize(
    ("east", "steps"), [(381_622.0, "31.2 mm"), (-34_428.0, "3.9 mm"), (100.0, None)]
)
def test_coordinates_in_single_precision_are_told_by_their_steps(tmp_path, kind, east, steps):
    xyz = np.random.default_rng(2).uniform(0, 5, (2000, 3)) + np.array([east, 0, 0])
    singles = xyz.astype(np.float32)
    path, out = tmp_path / f"scan.{kind}", tmp_path / "scan.las"
    if kind == "ply":
        rows = np.array([tuple(row) for row in singles], [(axis, "f4") for axis in "xyz"])
        PlyData([PlyElement.describe(rows, "vertex")]).write(path)
    else:
        pye57 = pytest.importorskip("pye57")
        file = pye57.E57(str(path), mode="w")
        held = singles.astype(np.float64).T.copy()
        file.write_scan_raw(
            dict(zip(("cartesianX", "cartesianY", "cartesianZ"), held, strict=True))
        )
        file.close()
    if steps == "31.2 mm":
        with pytest.raises(InputError, match=r"in steps of 31\.2 mm: export it in double"):
            convert(path, out, PLAIN)
        return
    notes = convert(path, out, PLAIN)
    assert [steps in note for note in notes] == ([True] if steps else [])
