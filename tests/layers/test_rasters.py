import json
import math

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin

from tests.layers.conftest import members_of, state_of
from tests.layers.made import LAT, LON, E, N, temperatures, write_tif
from twin_pipeline.errors import GeoreferenceError, InputError, TwinPipelineError, UsageError
from twin_pipeline.layers import layer_problems
from twin_pipeline.layers.tile_levels import tile_at


def pixel(out, layer, lon, lat, level):
    """Return the colour that the tiles show at a place, by the formula of the web map."""
    column, row = tile_at(lon, lat, level)
    count = 2**level
    x = (lon + 180) / 360 * count - column
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * count - row
    url = layer.url.replace("{z}", str(level)).replace("{x}", str(column))
    with rasterio.open(out / url.replace("{y}", str(row))) as image:
        return tuple(image.read()[:, int(256 * y), int(256 * x)].tolist())


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_values_become_cog_tiles_and_legend(add, out, tmp_path):
    values = temperatures()
    values[:16, :16] = -9999
    source = write_tif(tmp_path / "地表面.tif", values, nodata=-9999.0)
    layer = add(source, title="地表面温度", unit="℃", licence="CC BY 4.0", attribution="JAXA")
    assert (layer.kind, layer.format, layer.crs) == ("xyz", "GeoTIFF", "EPSG:6677")
    assert (layer.nodata, layer.unit) == (-9999.0, "℃")
    assert layer.legend.title == "地表面温度 (℃)"
    titles = [item.title for item in layer.legend.items]
    assert (titles[0], titles[-1]) == ("40 ℃", "20 ℃")
    with rasterio.open(out / layer.rasters[0]) as cog:
        assert cog.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert cog.nodata == -9999
        np.testing.assert_array_equal(cog.read(1), values)
    # A metre of the middle of the ramp is 30 degrees; its colour is that of the legend's.
    east, west = (_lonlat(E + dx, N) for dx in (31.0, -31.0))
    low, high = pixel(out, layer, *west, layer.max_level), pixel(out, layer, *east, layer.max_level)
    assert _near(low[:3], layer.legend.items[-1].colour)
    assert _near(high[:3], layer.legend.items[0].colour)
    assert pixel(out, layer, *_lonlat(E - 28, N + 28), layer.max_level)[3] == 0
    (member,) = members_of(out)
    assert member["type"] == "url-template-imagery"
    assert member["attribution"] == "JAXA"
    assert member["info"][0]["content"] == "CC BY 4.0"
    assert member["legends"][0]["items"][0]["title"] == "40 ℃"
    assert list(layer_problems(out)) == []


def _lonlat(east, north):
    return Transformer.from_crs(6677, 4326, always_xy=True).transform(east, north)


def _near(colour, css, tolerance=12):
    wanted = [int(css[i : i + 2], 16) for i in (1, 3, 5)]
    return np.abs(np.subtract(colour, wanted)).max() <= tolerance


def test_all_tiles_within_the_bounds_are_there(add, out, tmp_path):
    layer = add(write_tif(tmp_path / "a.tif", temperatures()))
    west, south, east, north = layer.bounds
    for level in range(layer.min_level, layer.max_level + 1):
        (left, top), (right, bottom) = tile_at(west, north, level), tile_at(east, south, level)
        for column in range(left, right + 1):
            for row in range(top, bottom + 1):
                url = layer.url.format(z=level, x=column, y=row)
                assert (out / url).is_file()


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_pictures_keep_their_colours(add, out, tmp_path):
    rgb = np.zeros((3, 64, 64), np.uint8)
    rgb[0], rgb[1] = 200, 90
    layer = add(write_tif(tmp_path / "photo.tif", rgb))
    assert layer.legend is None
    assert layer.url.endswith(".webp")
    red, green, blue = pixel(out, layer, LON, LAT, layer.max_level)[:3]
    assert abs(red - 200) < 12
    assert abs(green - 90) < 12
    assert blue < 12


def test_palette_becomes_the_legend(add, tmp_path):
    path = tmp_path / "classes.tif"
    values = np.ones((32, 32), np.uint8)
    values[:, 16:] = 4
    profile = {"crs": "EPSG:6677", "transform": from_origin(E, N, 1, 1), "photometric": "palette"}
    with rasterio.open(
        path, "w", driver="GTiff", width=32, height=32, count=1, dtype="uint8", **profile
    ) as file:
        file.write(values, 1)
        file.write_colormap(1, {1: (255, 0, 0, 255), 4: (0, 0, 255, 255)})
    layer = add(path)
    assert [(i.title, i.colour) for i in layer.legend.items] == [
        ("1", "#ff0000"),
        ("4", "#0000ff"),
    ]


def test_several_dates_are_one_layer_with_one_scale(add, out, tmp_path):
    paths = [
        write_tif(tmp_path / f"temp_2024080{day}.tif", temperatures() + day) for day in (3, 1, 2)
    ]
    layer = add(*paths, title="気温")
    assert [frame.time for frame in layer.frames] == [
        "2024-07-31T15:00:00Z",
        "2024-08-01T15:00:00Z",
        "2024-08-02T15:00:00Z",
    ]
    assert len(layer.rasters) == 3
    assert [i.title for i in layer.legend.items] == ["45", "40", "35", "30", "25", "20"]
    with rasterio.open(out / layer.rasters[0]) as first:
        assert first.read(1).min() == 21
    (group,) = members_of(out)
    assert [m["name"] for m in group["members"]] == [f"気温 2024-08-0{day}" for day in (1, 2, 3)]
    workbench = json.loads((out / "catalog.json").read_text("utf-8"))["workbench"]
    assert group["members"][0]["id"] in workbench


def test_dates_are_asked_for_where_names_have_none(add, tmp_path):
    paths = [write_tif(tmp_path / f"{name}.tif", temperatures()) for name in "ab"]
    with pytest.raises(UsageError, match="no date in its name; give --date"):
        add(*paths)
    with pytest.raises(UsageError, match="1 dates for 2 files"):
        add(*paths, dates=("2024-08-01",))
    with pytest.raises(UsageError, match="same date"):
        add(*paths, dates=("2024-08-01", "2024/8/1"))
    layer = add(*paths, dates=("2024-08-02 09:00", "2024-08-01T00:00Z"))
    assert [f.time for f in layer.frames] == ["2024-08-01T00:00:00Z", "2024-08-02T00:00:00Z"]


def _truncated(path):
    data = write_tif(path, temperatures(256)).read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _bomb(path):
    with rasterio.open(
        path, "w", driver="GTiff", width=60_000, height=60_000, count=1, dtype="uint8",
        crs="EPSG:6677", transform=from_origin(E, N, 1, 1), sparse_ok=True, tiled=True,
    ):  # fmt: skip
        pass


def _all_nodata(path):
    write_tif(path, np.full((8, 8), -1.0, np.float32), nodata=-1.0)


def _hidden_nodata(path):
    values = temperatures()
    values[:9] = -9999
    write_tif(path, values)


LYING = {
    "empty": (lambda p: p.write_bytes(b""), InputError, "is empty"),
    "page": (lambda p: p.write_text("<!DOCTYPE html><p>404"), InputError, "is an HTML page"),
    "vrt": (lambda p: p.write_text("<VRTDataset/>"), InputError, "is XML"),
    "truncated": (_truncated, InputError, "damaged or cut off"),
    "header only": (lambda p: p.write_bytes(b"II*\0\x08\0\0\0"), InputError, "damaged"),
    "bomb": (_bomb, InputError, "60,000 x 60,000 pixels"),
    "all no-data": (_all_nodata, InputError, "nothing but no-data"),
    "hidden no-data": (_hidden_nodata, InputError, "give --nodata -9999"),
    "no crs": (lambda p: write_tif(p, temperatures(), crs=None), GeoreferenceError, "--crs"),
    "other zone": (
        lambda p: write_tif(p, temperatures(), crs="EPSG:6669"),
        GeoreferenceError,
        "km from the nearest site",
    ),
    "metres as degrees": (
        lambda p: write_tif(p, temperatures(), crs="EPSG:4326"),
        GeoreferenceError,
        "are no degrees",
    ),
    "degrees as metres": (
        lambda p: write_tif(p, temperatures(), transform=from_origin(LON, LAT, 1e-5, 1e-5)),
        GeoreferenceError,
        "look like degrees",
    ),
    "exchanged axes": (
        lambda p: write_tif(p, temperatures(), transform=from_origin(N, E, 1, 1)),
        GeoreferenceError,
        "exchanged",
    ),
    "old datum": (
        lambda p: write_tif(p, temperatures(), crs="EPSG:30169"),
        GeoreferenceError,
        "convert the file to JGD2011",
    ),
    "five bands": (
        lambda p: write_tif(p, np.zeros((5, 8, 8), np.uint16)),
        InputError,
        "give --band",
    ),
}


@pytest.mark.parametrize("case", LYING)
def test_broken_and_lying_rasters_are_refused_in_one_line(add, out, tmp_path, case):
    make, kind, reason = LYING[case]
    path = tmp_path / "lying.tif"
    make(path)
    before = state_of(out)
    with pytest.raises(TwinPipelineError, match=reason) as raised:
        add(path)
    assert isinstance(raised.value, kind)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)
    assert state_of(out) == before


def test_no_coordinates_at_all(add, tmp_path):
    path = tmp_path / "plain.tif"
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(
        path, "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8"
    ) as file:  # fmt: skip
        file.write(np.ones((1, 4, 4), np.uint8))
    with pytest.raises(GeoreferenceError, match="no coordinates"):
        add(path, crs="EPSG:6677")


def test_flags_say_what_the_file_does_not(add, tmp_path):
    values = temperatures()
    values[:9] = -9999
    path = write_tif(tmp_path / "a.tif", values, crs=None)
    layer = add(path, crs="EPSG:6677", nodata="-9999", value_range=(0.0, 50.0))
    assert (layer.crs, layer.nodata) == ("EPSG:6677", -9999.0)
    assert [item.title for item in layer.legend.items] == ["50", "40", "30", "20", "10", "0"]
    assert add(path, crs="EPSG:6677", nodata="none").legend.items[-1].title.startswith("-")


def test_far_data_is_taken_by_force(add, tmp_path):
    path = write_tif(tmp_path / "a.tif", temperatures(), crs="EPSG:6669")
    assert add(path, force=True).bounds[0] < 130
