"""Scans as files: what is read back is what was scanned."""

import laspy
import numpy as np
import pyproj
import pytest

from twin_pipeline.errors import UsageError
from twin_pipeline.synthetic import presets, scan, write_las


@pytest.fixture(scope="module")
def small():
    place = {"easting_m": -12800.0, "northing_m": -34400.0, "elevation_m": 37.2}
    return scan(presets.trench(length_m=3.0, points=3000, scene=place))


@pytest.mark.parametrize(("suffix", "scale"), [(".las", 0.001), (".laz", 0.0001)])
def test_round_trip(small, tmp_path, suffix, scale):
    path = tmp_path / f"a{suffix}"
    write_las(small, path, scale_m=scale)
    las = laspy.read(path)
    assert np.abs(np.array(las.xyz) - small.xyz).max() <= 0.5 * scale + 1e-9
    np.testing.assert_array_equal(np.stack([las.red, las.green, las.blue], 1), small.rgb)
    np.testing.assert_array_equal(las.intensity, small.intensity)
    np.testing.assert_array_equal(las.gps_time, small.gps_time)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("version", "point_format"), [("1.2", 3), ("1.4", 7)])
def test_version_decides_the_point_format(small, tmp_path, version, point_format):
    write_las(small, tmp_path / "a.las", version=version)
    header = laspy.read(tmp_path / "a.las").header
    assert str(header.version) == version
    assert header.point_format.id == point_format
    assert header.parse_crs().to_epsg() == 6677


def test_format_without_colour_or_time(small, tmp_path):
    write_las(small, tmp_path / "a.las", point_format=0)
    las = laspy.read(tmp_path / "a.las")
    assert len(las.x) == 3000
    assert "red" not in las.point_format.dimension_names


def test_compound_well_known_text(small, tmp_path):
    text = pyproj.CRS("EPSG:10170").to_wkt()
    write_las(small, tmp_path / "a.las", crs=text, version="1.4")
    header = laspy.read(tmp_path / "a.las").header
    assert header.global_encoding.wkt
    assert header.parse_crs() == pyproj.CRS("EPSG:10170")


def test_heights_beside_the_horizontal_code(small, tmp_path):
    write_las(small, tmp_path / "a.las", crs="EPSG:6677+6695")
    keys = laspy.read(tmp_path / "a.las").header.vlrs[0].geo_keys
    assert {k.id: k.value_offset for k in keys} == {1024: 1, 1025: 1, 3072: 6677, 4096: 6695}


def test_no_record_at_all(small, tmp_path):
    write_las(small, tmp_path / "a.las", crs=None)
    assert laspy.read(tmp_path / "a.las").header.parse_crs() is None


@pytest.mark.parametrize("crs", ["WGS84", "EPSG:tokyo", "EPSG:1+2+3"])
def test_bad_code_is_named_and_nothing_written(small, tmp_path, crs):
    with pytest.raises(UsageError, match="crs"):
        write_las(small, tmp_path / "a.las", crs=crs)
    assert list(tmp_path.iterdir()) == []
