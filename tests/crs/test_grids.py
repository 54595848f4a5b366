import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pyproj import Transformer

from tests.crs.places import SHINJUKU, place, refused
from twin_pipeline.crs import CrsOptions
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.crs.grid import Grid
from twin_pipeline.crs.grids import load_grid
from twin_pipeline.errors import UsageError

SOUTH, WEST, STEP_LAT, STEP_LON, ROWS, COLUMNS = 35.0, 139.0, 1 / 60, 0.025, 61, 41


def nodes():
    lat = SOUTH + STEP_LAT * np.arange(ROWS)
    lon = WEST + STEP_LON * np.arange(COLUMNS)
    return np.meshgrid(lon, lat)


def gsigeo2011_nodes():
    lon, lat = nodes()
    # A hair inside, as the last node of the land may lie on the model's edge.
    return undulation_m("gsigeo2011", lon.ravel(), lat.ravel()).reshape(ROWS, COLUMNS)


def write_gtx(path, values, south=SOUTH, west=WEST):
    head = struct.pack(">4d2i", south, west, STEP_LAT, STEP_LON, *values.shape)
    path.write_bytes(head + np.nan_to_num(values, nan=-88.8888).astype(">f4").tobytes())
    return path


def dms(angle):
    seconds = round(angle * 3600)
    return f"{seconds // 3600}°{seconds // 60 % 60:02d}'{seconds % 60:02d}\""


def write_isg(path, values, *, cells=False, written=str):
    south, west = (SOUTH - STEP_LAT / 2, WEST - STEP_LON / 2) if cells else (SOUTH, WEST)
    north = south + STEP_LAT * (ROWS if cells else ROWS - 1)
    fields = {
        "model name     :": "TEST",
        "data type      :": "geoid",
        "data units     :": "meters",
        "lat min        =": written(south),
        "lat max        =": written(north),
        "lon min        =": written(west),
        "lon max        =": written(west + STEP_LON * (COLUMNS if cells else COLUMNS - 1)),
        "delta lat      =": written(STEP_LAT),
        "delta lon      =": written(STEP_LON),
        "nrows          =": ROWS,
        "ncols          =": COLUMNS,
        "nodata         =": "-9999.0000",
    }
    rows = np.nan_to_num(values[::-1], nan=-9999.0)
    text = "begin_of_head ====\n" + "".join(f"{key} {value}\n" for key, value in fields.items())
    body = "\n".join(" ".join(f"{value:.4f}" for value in row) for row in rows)
    path.write_text(f"{text}end_of_head ====\n{body}\n", encoding="latin-1")
    return path


def write_geotiff(path, values):
    """Write one strip of float32, nodes at the middle of pixels, WGS 84 longitude and latitude."""
    strip = values[::-1].astype("<f4").tobytes()
    doubles = [STEP_LON, STEP_LAT, 0.0, 0.0, 0.0, 0.0, WEST, SOUTH + STEP_LAT * (ROWS - 1), 0.0]
    keys = [1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 2, 2048, 0, 1, 4326]
    entries = [
        (256, 3, [COLUMNS]), (257, 3, [ROWS]), (258, 3, [32]), (259, 3, [1]), (262, 3, [1]),
        (273, 4, [None]), (277, 3, [1]), (278, 3, [ROWS]), (279, 4, [len(strip)]), (339, 3, [3]),
        (33550, 12, doubles[:3]), (33922, 12, doubles[3:]), (34735, 3, keys),
    ]  # fmt: skip
    code, size = {3: "H", 4: "I", 12: "d"}, {3: 2, 4: 4, 12: 8}
    after = 8 + 2 + 12 * len(entries) + 4
    body, directory = b"", struct.pack("<H", len(entries))
    long_ones = sum(size[kind] * len(v) for _, kind, v in entries if size[kind] * len(v) > 4)
    for tag, kind, content in entries:
        numbers = [after + long_ones] if content == [None] else content
        packed = struct.pack(f"<{len(numbers)}{code[kind]}", *numbers)
        at = packed.ljust(4, b"\0")
        if len(packed) > 4:
            at, body = struct.pack("<I", after + len(body)), body + packed
        directory += struct.pack("<HHI", tag, kind, len(numbers)) + at
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + body + strip)
    return path


def slope(lon, lat):
    return 37 + 2 * (lon - WEST) - 3 * (lat - SOUTH)


@pytest.fixture
def places():
    random = np.random.default_rng(4)
    return random.uniform(WEST, WEST + 1, 200), random.uniform(SOUTH, SOUTH + 1, 200)


def test_gtx_is_interpolated_as_proj_does_to_a_tenth_of_a_millimetre(tmp_path, places):
    path = write_gtx(tmp_path / "geoid.gtx", slope(*nodes()) + np.sin(7 * nodes()[0]))
    proj = Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        f"+step +proj=vgridshift +grids={path} +multiplier=1"
    )
    _, _, expected = proj.transform(*places, np.zeros(200))
    assert np.abs(undulation_m(str(path), *places) - expected).max() < 1e-4


def test_gsigeo2011_agrees_with_proj_on_its_grid_to_a_millimetre(tmp_path, places):
    values = gsigeo2011_nodes()
    path = write_gtx(tmp_path / "gsigeo2011.gtx", values)
    proj = Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        f"+step +proj=vgridshift +grids={path} +multiplier=1"
    )
    on_land = np.isfinite(undulation_m("gsigeo2011", *places))
    lon, lat = places[0][on_land], places[1][on_land]
    _, _, expected = proj.transform(lon, lat, np.zeros(len(lon)))
    found = undulation_m("gsigeo2011", lon, lat)
    both = np.isfinite(expected)
    assert both.sum() > 100
    assert np.abs(found - expected)[both].max() < 1e-3


@pytest.mark.parametrize(("cells", "written"), [(False, str), (False, dms), (True, str)])
def test_isg_in_degrees_and_in_minutes(tmp_path, places, written, cells):
    path = write_isg(tmp_path / "geoid.isg", slope(*nodes()), cells=cells, written=written)
    assert np.abs(undulation_m(str(path), *places) - slope(*places)).max() < 1e-3


def test_geotiff_is_read(tmp_path, places):
    path = write_geotiff(tmp_path / "a geoid, in part.tif", slope(*nodes()))
    assert np.abs(undulation_m(str(path), *places) - slope(*places)).max() < 1e-3
    assert np.isnan(undulation_m(str(path), np.array([10.0]), np.array([10.0]))).all()


def test_no_value_outside_of_a_grid_or_beside_empty_nodes(tmp_path):
    values = slope(*nodes())
    values[10, 10] = np.nan
    path = write_gtx(tmp_path / "geoid.gtx", values)
    lon = np.array([WEST - 0.01, WEST + 1.01, WEST + 0.5, WEST + 10.5 * STEP_LON])
    lat = np.array([SOUTH + 0.5, SOUTH + 0.5, SOUTH + 1.1, SOUTH + 10.5 * STEP_LAT])
    assert np.isnan(undulation_m(str(path), lon, lat)).all()


def test_a_world_grid_from_zero_holds_the_west():
    grid = Grid(-90.0, 0.0, 10.0, 10.0, np.tile(np.arange(37.0), (19, 1)))
    found = grid.undulation_m(np.array([-120.0, 240.0, 0.0]), np.zeros(3))
    assert found == pytest.approx([24.0, 24.0, 0.0])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gtx", b""),
        ("a.gtx", struct.pack(">4d2i", 35, 139, 1, 1, 100, 100)),
        ("a.gtx", struct.pack(">4d2i", 35, 139, 0, 1, 2, 2) + bytes(16)),
        ("a.gtx", struct.pack(">4d2i", 35, 139, 1, 1, 2, 2) + struct.pack(">4f", *[9e9] * 4)),
        ("a.isg", b"rubbish"),
        ("a.isg", b"nrows = 2\nend_of_head\n1 2 3"),
        ("a.tif", b"rubbish"),
        ("a, b.tif", b"II*\0"),
    ],
)
def test_what_is_no_grid_is_refused_in_one_line(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_grid(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=400), st.sampled_from(["gtx", "isg"]))
@settings(max_examples=60, deadline=None)
def test_no_bytes_crash_the_readers(tmp_path_factory, content, suffix):
    path = tmp_path_factory.mktemp("grids") / f"x.{suffix}"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        load_grid(path)


def test_heights_of_any_datum_reach_the_ellipsoid_through_a_file(tmp_path):
    path = write_gtx(tmp_path / "egm 2008, part.gtx", slope(*nodes()))
    reference = place(crs=6677, vertical="egm2008", geoid=str(path))
    lon, lat, height = reference.to_geographic(SHINJUKU[np.newaxis])[0]
    assert height == pytest.approx(40 + slope(lon, lat), abs=1e-4)
    described = reference.describe()
    assert described["geoid"]["value"] == str(path)
    assert len(described["geoid_sha256"]) == 64
    assert "EGM2008 height" in reference.wkt


def test_a_datum_without_a_model_asks_for_a_file():
    message = refused(crs=6677, vertical="egm2008")
    assert "--geoid FILE" in message
    assert "[crs] geoid" in message
    assert "JGD2000" in refused(crs=6677, vertical="EPSG:6694")


def test_a_file_for_jgd2011_must_hold_its_geoid(tmp_path):
    copy = write_gtx(tmp_path / "copy.gtx", gsigeo2011_nodes())
    own = place(crs=6677, vertical="jgd2011").to_geographic(SHINJUKU[np.newaxis])
    through = place(crs=6677, vertical="jgd2011", geoid=str(copy))
    assert np.abs(through.to_geographic(SHINJUKU[np.newaxis]) - own).max() < 1e-3
    other = write_gtx(tmp_path / "other.gtx", gsigeo2011_nodes() + 0.094)
    assert "0.094 m away" in refused(crs=6677, vertical="jgd2011", geoid=str(other))
    assert place(crs=6677, vertical="jgd2011", geoid=str(other), force_crs=True)


def test_a_relative_path_holds_from_any_folder(tmp_path, monkeypatch):
    write_gtx(tmp_path / "geoid.gtx", slope(*nodes()))
    monkeypatch.chdir(tmp_path)
    assert CrsOptions(geoid="geoid.gtx").geoid == str(tmp_path / "geoid.gtx")
    with pytest.raises(ValidationError, match=r"nix\.gtx"):
        CrsOptions(geoid="nix.gtx")
