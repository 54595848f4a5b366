import json
import zipfile

import numpy as np
import pytest
import shapely

from tests.layers.conftest import members_of, state_of
from tests.layers.made import (
    LAT,
    LON,
    STEP_DEG,
    E,
    N,
    feature,
    square,
    write_csv,
    write_geojson,
    write_vector,
)
from twin_pipeline.errors import GeoreferenceError, InputError, TwinPipelineError, UsageError


def shown(out, layer):
    return json.loads((out / layer.url).read_text("utf-8"))


def first(out, layer):
    return shown(out, layer)["features"][0]


def test_geojson_without_heights_lies_on_the_ground(add, out, tmp_path):
    path = write_geojson(
        tmp_path / "工事.geojson", feature("Polygon", square(), 名称="<b>区域</b>", 面積=0)
    )
    layer = add(path)
    assert (layer.title, layer.on_ground, layer.heights) == ("工事", True, None)
    found = first(out, layer)
    assert found["properties"]["名称"] == "<b>区域</b>"
    assert found["properties"]["marker-color"] == layer.colour == layer.legend.items[0].colour
    assert shapely.from_geojson(json.dumps(found["geometry"])).equals_exact(
        shapely.Polygon(square()[0]), 1e-8
    )
    (member,) = members_of(out)
    assert member["clampToGround"] is True
    # Double braces escape what comes from data.
    assert "{{名称}}" in member["featureInfoTemplate"]["template"]
    assert "{{{" not in member["featureInfoTemplate"]["template"]


def test_heights_of_geojson_are_ellipsoidal_unless_said(add, out, tmp_path):
    path = write_geojson(tmp_path / "a.geojson", feature("Point", [LON, LAT, 70.0]))
    layer = add(path)
    assert (layer.on_ground, layer.heights) == (False, "ellipsoidal")
    assert first(out, layer)["geometry"]["coordinates"][2] == 70.0
    layer = add(path, vertical="jgd2011")
    # The geoid of Shinjuku by GSIGEO2011, see domain.md: 37.005 m.
    assert first(out, layer)["geometry"]["coordinates"][2] == pytest.approx(107.0, abs=0.05)


def test_geojson_with_a_crs_of_its_own(add, out, tmp_path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::6677"}}
    path = write_geojson(tmp_path / "a.geojson", feature("Point", [E, N]), crs=crs)
    layer = add(path)
    lon, lat = first(out, layer)["geometry"]["coordinates"]
    assert (lon, lat) == pytest.approx((LON, LAT), abs=1e-7)
    assert layer.crs == "EPSG:6677"


@pytest.mark.parametrize(
    ("encoding", "stated"), [("UTF-8", True), ("UTF-8", False), ("CP932", True), ("CP932", False)]
)
def test_shapefile_in_either_encoding(add, out, tmp_path, encoding, stated):
    path = write_vector(tmp_path / "town.shp", "ESRI Shapefile", encoding=encoding)
    if not stated:
        path.with_suffix(".cpg").unlink()
        dbf = path.with_suffix(".dbf")
        data = bytearray(dbf.read_bytes())
        data[29] = 0
        dbf.write_bytes(data)
    found = shown(out, add(path))["features"]
    assert [f["properties"]["名称"] for f in found] == ["東京都", "新宿区", "西新宿"]
    assert found[2]["properties"]["値"] is None


def test_shapefile_in_a_zip(add, tmp_path):
    write_vector(tmp_path / "town.shp", "ESRI Shapefile")
    packed = tmp_path / "A30.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for part in tmp_path.glob("town.*"):
            archive.write(part, f"名前/{part.name}")
        archive.writestr("../evil.txt", "x")
    layer = add(packed)
    assert layer.features == 3
    assert not (tmp_path.parent / "evil.txt").exists()


def test_geopackage_with_one_layer_or_several(add, tmp_path):
    path = write_vector(tmp_path / "a.gpkg", "GPKG", layer="roads")
    assert add(path).features == 3
    write_vector(path, "GPKG", layer="parks", append=True)
    with pytest.raises(InputError, match="2 layers with geometry: give one with --layer: roads, p"):
        add(path)
    assert add(path, layer="parks").features == 3
    with pytest.raises(InputError, match="no layer 'x'"):
        add(path, layer="x")


def test_csv_points_with_values_have_a_legend(add, out, tmp_path):
    rows = [[f"地点{i}", LON + i * STEP_DEG, LAT, 10 * i, "01"] for i in range(6)]
    path = write_csv(
        tmp_path / "c.csv", ["名", "経度", "緯度", "台数", "code"], *rows, encoding="cp932"
    )
    layer = add(path, value="台数", unit="台")
    found = shown(out, layer)["features"]
    assert found[5]["properties"]["marker-color"] == layer.legend.items[0].colour
    assert found[0]["properties"]["marker-color"] == layer.legend.items[-1].colour
    assert layer.legend.items[0].title == "50 台"
    assert found[1]["properties"]["名"] == "地点1"
    assert found[1]["properties"]["code"] == "01"


def test_csv_in_plane_coordinates(add, out, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["name", "easting", "northing"], ["p", E, N])
    with pytest.raises(GeoreferenceError, match="--crs"):
        add(path)
    lon, lat = first(out, add(path, crs="EPSG:6677"))["geometry"]["coordinates"]
    assert (lon, lat) == pytest.approx((LON, LAT), abs=1e-7)
    # In Japan X is north: which is which is not guessed.
    path = write_csv(tmp_path / "b.csv", ["name", "X", "Y"], ["p", N, E])
    with pytest.raises(InputError, match=r"--x .east or longitude. and --y"):
        add(path, crs="EPSG:6677")
    with pytest.raises(GeoreferenceError, match="exchanged"):
        add(path, crs="EPSG:6677", x="X", y="Y")
    assert add(path, crs="EPSG:6677", x="Y", y="X").features == 1


def test_value_column_must_hold_numbers(add, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["name", "lon", "lat"], ["p", LON, LAT])
    with pytest.raises(InputError, match="no column 'x'"):
        add(path, value="x")
    with pytest.raises(InputError, match="holds no numbers"):
        add(path, value="name")
    with pytest.raises(UsageError, match="--x and --y belong together"):
        add(path, x="lon")


def _cut(path, source, share):
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def _no_prj(folder):
    path = write_vector(folder / "lying.shp", "ESRI Shapefile")
    path.with_suffix(".prj").unlink()
    return path


def _cut_shp(folder):
    path = write_vector(folder / "lying.shp", "ESRI Shapefile")
    return _cut(path, path, 0.4)


def _without(suffix):
    def make(folder):
        path = write_vector(folder / "lying.shp", "ESRI Shapefile")
        path.with_suffix(suffix).unlink()
        return path

    return make


def _text(name, text):
    def make(folder):
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


def _geojson(*features):
    return lambda folder: write_geojson(folder / "lying.geojson", *features)


def _gpkg_cut(folder):
    return _cut(folder / "lying.gpkg", write_vector(folder / "a.gpkg", "GPKG"), 0.5)


def _zip_cut(folder):
    packed = folder / "a.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.shp", b"\0" * 500)
    return _cut(folder / "lying.zip", packed, 0.6)


def _zip_flipped(folder):
    packed = folder / "lying.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", bytes(np.random.default_rng(1).integers(0, 60, 5_000, np.uint8)))
    content = bytearray(packed.read_bytes())
    content[60:90] = b"\xff" * 30
    packed.write_bytes(content)
    return packed


LYING = {
    "cut geojson": (_text("lying.json", '{"type": "FeatureCollection", "feat'), "cut off"),
    "nan": (_text("lying.json", '{"type": "Point", "coordinates": [NaN, 1]}'), "no JSON number"),
    "deep": (_text("lying.json", '{"a":' * 100_000), "no complete JSON"),
    "tileset": (_text("lying.json", '{"asset": {}, "root": {}}'), "tileset of 3D Tiles"),
    "topojson": (_text("lying.json", '{"type": "Topology"}'), "no GeoJSON"),
    "html": (_text("lying.geojson", "<html>"), "HTML page"),
    "nothing": (_geojson(), "no feature with a geometry"),
    "bad shape": (_geojson(feature("Polygon", [[[LON, LAT], [LON, LAT]]])), "can't be read"),
    "swapped": (_geojson(feature("Point", [LAT, LON])), "exchanged"),
    "metres": (_geojson(feature("Point", [E, N])), "no degrees"),
    "far": (_geojson(feature("Point", [135.5, 34.7])), "km from the nearest site"),
    "script in column": (
        _geojson(feature("Point", [LON, LAT], **{"<script>x</script>": 1})),
        "markup or a script",
    ),
    "script in name": (
        lambda f: write_geojson(f / "<img src=x onerror=y>.geojson", feature("Point", [LON, LAT])),
        "markup or a script",
    ),
    "no prj": (_no_prj, "has no CRS"),
    "cut shp": (_cut_shp, "cut off"),
    "no dbf": (_without(".dbf"), "has no .dbf"),
    "no shx": (_without(".shx"), "has no .shx"),
    "cut gpkg": (_gpkg_cut, "GeoPackage|damaged"),
    "no gpkg": (lambda f: _sqlite(f / "lying.gpkg"), "no sound GeoPackage"),
    "cut zip": (_zip_cut, "can't be unpacked"),
    "flipped zip": (_zip_flipped, "can't be unpacked"),
    "swapped csv": (_text("l.csv", f"lon,lat\n{LAT},{LON}\n"), "exchanged"),
    "head only": (_text("l.csv", "lon,lat\n"), "no rows"),
    "no place": (_text("l.csv", f"lon,lat,a\n{LON},{LAT},1\n,,2\n"), "1 of 2 rows have no place"),
    "ragged": (_text("l.csv", f"lon,lat,a\n{LON},{LAT},1\n{LON},{LAT}\n"), "line 3 has 2 columns"),
    "no columns": (_text("l.csv", "a,b\n1,2\n"), "--x"),
    "bad time": (_text("l.csv", f"lon,lat,time\n{LON},{LAT},soon\n"), "no time in time"),
    "no document": (_text("l.czml", "[{}]"), "no CZML"),
    "foreign picture": (
        _text(
            "l.czml",
            json.dumps(
                [
                    {"id": "document", "version": "1.0"},
                    {
                        "id": "a",
                        "position": {"cartographicDegrees": [LON, LAT, 0]},
                        "billboard": {"image": {"uri": "https://evil.example/x.png"}},
                    },
                ]
            ),
        ),
        "not in the file",
    ),
    "swapped czml": (
        _text(
            "l.czml",
            json.dumps(
                [
                    {"id": "document", "version": "1.0"},
                    {"id": "a", "position": {"cartographicDegrees": [LAT, LON, 0]}},
                ]
            ),
        ),
        "exchanged",
    ),
    "point cloud": (_text("l.las", "LASF" + " " * 100), "a point cloud"),
}  # fmt: skip


def _sqlite(path):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE a (b)")
        database.commit()
    return path


@pytest.mark.parametrize("case", LYING)
def test_broken_and_lying_files_are_refused_in_one_line(add, out, tmp_path, case):
    make, reason = LYING[case]
    folder = tmp_path / "given"
    folder.mkdir()
    path = make(folder)
    before = state_of(out)
    with pytest.raises(TwinPipelineError, match=reason) as raised:
        add(path)
    assert "\n" not in str(raised.value)
    assert state_of(out) == before
