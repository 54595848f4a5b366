"""Grid files in every form that models are published in, beside PROJ and GDAL's own readers."""

import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine

from tests.crs.places import SHINJUKU, place, refused
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.crs.grids import load_grid
from twin_pipeline.errors import UsageError

EGM96 = Path("/usr/share/proj/egm96_15.gtx")
ROWS, COLUMNS, STEP = 40, 60, 0.1
SOUTH, WEST = 34.0, 136.0
# Undulations here are kept in single precision, as in the files.
EXACT_M = 1e-5


def through_proj(path, lon, lat):
    proj = Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        f'+step +proj=vgridshift +grids="{path}" +multiplier=1'
    )
    return np.array(proj.transform(lon, lat, np.zeros(len(lon)))[2])


def anywhere(count=2000, west=WEST, east=WEST + (COLUMNS - 1) * STEP):
    random = np.random.default_rng(8)
    south, north = SOUTH, SOUTH + (ROWS - 1) * STEP
    return random.uniform(west, east, count), random.uniform(south, north, count)


def waves():
    """Return (rows, columns) from south to north, too rough for two ways of interpolation."""
    row, column = np.mgrid[:ROWS, :COLUMNS]
    return 37 + 3 * np.sin(row / 3) + 2 * np.cos(column / 2)


def write_tiff(path, values, *, west=WEST, south_up=False, area="Area", tags=None, **profile):
    given = {"dtype": "float32", "crs": "EPSG:4326"} | profile
    half, north = STEP / 2, SOUTH + (len(values) - 1) * STEP
    if south_up:
        at = Affine(STEP, 0, west - half, 0, STEP, SOUTH - half)
    else:
        at = Affine(STEP, 0, west - half, 0, -STEP, north + half)
    rows = values if south_up else values[::-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            path, "w", driver="GTiff", count=1, height=len(values), width=values.shape[1],
            transform=at, **given,
        ) as file:  # fmt: skip
            file.write(rows.astype(given["dtype"]), 1)
            file.update_tags(AREA_OR_POINT=area)
            for name, value in (tags or {}).items():
                setattr(file, name, value)
    return path


@pytest.mark.skipif(not EGM96.is_file(), reason="no egm96_15.gtx: `apt-get install proj-data`")
def test_egm96_agrees_with_proj_all_over_the_world():
    random = np.random.default_rng(3)
    lon = np.append(random.uniform(-180, 180, 20_000), [180, -180, 179.9, -179.9, 0, 12])
    lat = np.append(np.degrees(np.arcsin(random.uniform(-1, 1, 20_000))), [10, 10, 9, 9, 90, -90])
    found = undulation_m(str(EGM96), lon, lat)
    assert np.abs(found - through_proj(EGM96, lon, lat)).max() < 1e-6


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"dtype": "float64"},
        {"area": "Point"},
        {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate", "predictor": 3},
        {"compress": "lzw"},
        {"BIGTIFF": "YES", "endianness": "big"},
        {"south_up": True},
        {"west": WEST - 360},
        {"crs": "EPSG:6668"},
    ],
    ids=str,
)
def test_geotiff_in_any_form_is_read_as_proj_does(tmp_path, form):
    path = write_tiff(tmp_path / "geoid.tif", waves(), **form)
    lon, lat = anywhere()
    found = undulation_m(str(path), lon, lat)
    assert np.abs(found - through_proj(path, lon, lat)).max() < EXACT_M


def test_scaled_integers_are_read_as_proj_does(tmp_path):
    stored = np.round((waves() - 30) * 1000)
    tags = {"scales": (0.001,), "offsets": (30.0,)}
    path = write_tiff(tmp_path / "geoid.tif", stored, dtype="int16", tags=tags)
    lon, lat = anywhere()
    found = undulation_m(str(path), lon, lat)
    assert np.abs(found - through_proj(path, lon, lat)).max() < EXACT_M


def test_a_world_of_pixels_from_zero_comes_round(tmp_path):
    world = np.tile(37 + np.cos(np.radians(np.arange(3600) / 10)), (ROWS, 1))
    path = write_tiff(tmp_path / "geoid.tif", world, west=0.0)
    lon, lat = anywhere(west=-180, east=180)
    lon[:3] = -0.05, -1e-12, 180
    found = undulation_m(str(path), lon, lat)
    assert np.abs(found - through_proj(path, lon, lat)).max() < EXACT_M


def test_beside_empty_nodes_nothing_is_made_up(tmp_path):
    holed = waves()
    holed[20, 30] = -9999
    path = write_tiff(tmp_path / "geoid.tif", holed, nodata=-9999)
    beside = WEST + STEP * np.array([30.4, 29.5]), SOUTH + STEP * np.array([20.4, 19.7])
    assert np.isfinite(through_proj(path, *beside)).all()
    assert np.isnan(undulation_m(str(path), *beside)).all()
    lon, lat = anywhere()
    found = undulation_m(str(path), lon, lat)
    assert np.nanmax(np.abs(found - through_proj(path, lon, lat))) < EXACT_M


def test_of_several_images_the_finest_holds(tmp_path):
    path, half = write_tiff(tmp_path / "geoid.tif", waves()), STEP / 2
    at = Affine(half, 0, WEST + 10 * STEP, 0, -half, SOUTH + 20 * STEP)
    with rasterio.open(
        path, "w", driver="GTiff", APPEND_SUBDATASET=True, count=1, height=20, width=20,
        dtype="float32", transform=at, crs="EPSG:4326",
    ) as file:  # fmt: skip
        file.write(np.full((20, 20), 50.0, "float32"), 1)
    with rasterio.open(path) as file:
        assert len(file.subdatasets) == 2
    lon, lat = anywhere()
    found = undulation_m(str(path), lon, lat)
    middle = np.hypot(lon - (WEST + 15 * STEP), lat - (SOUTH + 15 * STEP)) < 8 * half
    assert middle.sum() > 20
    assert found[middle] == pytest.approx(50.0)
    outer = undulation_m(str(write_tiff(tmp_path / "outer.tif", waves())), lon, lat)
    beyond = (lon < WEST + 10 * STEP) | (lat > SOUTH + 20 * STEP)
    assert np.array_equal(found[beyond], outer[beyond])


def dms(angle):
    seconds = round(abs(angle) * 3600)
    sign = "-" if angle < 0 else ""
    return f"{sign}{seconds // 3600}°{seconds // 60 % 60:02d}'{seconds % 60:02d}\""


def write_isg(path, values, *, version="2.0", written=lambda x: f"{x:.6f}", cells=False, **given):
    half = STEP / 2 if cells else 0.0
    rows, columns = values.shape
    west = given.pop("west", WEST)
    fields = {
        "model name": "TEST",
        "lat min": written(SOUTH - half),
        "lat max": written(SOUTH + (rows - 1) * STEP + half),
        "lon min": written(west - half),
        "lon max": written(west + (columns - 1) * STEP + half),
        "delta lat": written(STEP),
        "delta lon": written(STEP),
        "nrows": rows,
        "ncols": columns,
        "nodata": "-9999.0000",
        "ISG format": version,
    } | {key.replace("_", " "): value for key, value in given.items()}
    head = "".join(f"{key:<14} = {value}\n" for key, value in fields.items())
    body = "\n".join(" ".join(f"{value:.5f}" for value in row) for row in values)
    text = f"about the model\nbegin_of_head ===\n{head}end_of_head ===\n{body}\n"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("version", "cells"), [("1.0", True), ("2.0", False)])
def test_isg_is_read_as_gdal_does(tmp_path, version, cells):
    path = write_isg(tmp_path / "geoid.isg", waves()[::-1], version=version, cells=cells)
    model = load_grid(path)
    with rasterio.open(path) as file:
        row, column = np.mgrid[: file.height, : file.width]
        lon, lat = file.transform * (column.ravel() + 0.5, row.ravel() + 0.5)
        assert np.abs(model(lon, lat) - file.read(1).ravel()).max() < EXACT_M


@pytest.mark.parametrize(
    ("turn", "form"),
    [
        (lambda v: v[::-1], {"data_ordering": "N-to-S, W-to-E"}),
        (lambda v: v, {"data_ordering": "S-to-N, W-to-E"}),
        (lambda v: v[::-1, ::-1], {"data_ordering": "N-to-S, E-to-W"}),
        (lambda v: v[::-1], {"written": dms, "coord_units": "dms"}),
        (lambda v: v[::-1], {"written": lambda x: f"{x:.8e}"}),
        (lambda v: v[::-1], {"delta_lat": "0.1001", "delta_lon": "0.0999"}),
        (lambda v: v[::-1], {"west": WEST - 360}),
        (lambda v: v[::-1], {"west": WEST - 360, "written": dms}),
        (lambda v: v[::-1], {"nodata": "---", "data_type": "quasi-geoid"}),
    ],
)
def test_isg_in_any_form_holds_the_same_values(tmp_path, turn, form):
    path = write_isg(tmp_path / "geoid.isg", turn(waves()), **form)
    expected = write_tiff(tmp_path / "geoid.tif", waves())
    lon, lat = anywhere()
    assert np.abs(undulation_m(str(path), lon, lat) - through_proj(expected, lon, lat)).max() < 1e-4


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"data_units": "feet"}, "in feet"),
        ({"units": "feet"}, "in feet"),
        ({"data_format": "sparse"}, "no grid"),
        ({"data_ordering": "lat, lon, N"}, "ordered"),
        ({"delta_lat": "0.2"}, "don't lead"),
        ({"nrows": "x"}, "x"),
    ],
)
def test_isg_of_something_else_is_refused(tmp_path, form, said):
    with pytest.raises(UsageError, match=said):
        load_grid(write_isg(tmp_path / "geoid.isg", waves()[::-1], **form))


def test_a_model_serves_every_thread(tmp_path):
    path = write_tiff(tmp_path / "a geoid, in part.tif", waves())
    lon, lat = anywhere()
    found = []
    expected = undulation_m(str(path), lon, lat)
    threads = [
        threading.Thread(target=lambda: found.append(undulation_m(str(path), lon, lat)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert all(np.array_equal(one, expected) for one in found)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"crs": "EPSG:6677"}, "not in longitude and latitude"),
        ({"tags": {"units": ("foot",)}}, "in foot"),
        ({"factor": 100.0}, "none of a geoid"),
    ],
)
def test_a_raster_of_something_else_is_refused(tmp_path, form, said):
    values = waves() * form.get("factor", 1.0)
    form.pop("factor", None)
    path = write_tiff(tmp_path / "other.tif", values, **form)
    with pytest.raises(UsageError, match=said):
        load_grid(path)


def shifted_model(tmp_path, shift_m, factor=1.0):
    """Write GSIGEO2011 around Tokyo, changed, as a file."""
    column, row = np.meshgrid(139.5 + 0.025 * np.arange(16), 35.55 + 0.025 * np.arange(12))
    flat = undulation_m("gsigeo2011", column.ravel(), row.ravel()).reshape(row.shape)
    at = Affine(0.025, 0, 139.4875, 0, 0.025, 35.5375)
    path = tmp_path / "model.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=12, width=16, dtype="float32",
        transform=at, crs="EPSG:4326",
    ) as file:  # fmt: skip
        file.write((flat * factor + shift_m).astype("float32"), 1)
    load_grid.cache_clear()
    return str(path)


def test_a_model_far_from_the_known_geoid_is_doubted(tmp_path):
    options = {"crs": 6677, "vertical": "egm2008"}
    near = place(geoid=shifted_model(tmp_path, 0.4), **options)
    assert near.to_geographic(SHINJUKU[np.newaxis])[0, 2] == pytest.approx(77.405, abs=0.002)
    for shift_m, factor in ((0.0, -1.0), (0.0, 3.2808), (12.0, 1.0)):
        model = shifted_model(tmp_path, shift_m, factor)
        message = refused(geoid=model, **options)
        assert "37.005 m" in message
        assert "--force-crs" in message
        assert place(geoid=model, force_crs=True, **options)


@pytest.mark.parametrize("shift_m", [0.0, 0.0937])
def test_work_datums_take_either_geoid_of_japan_from_a_file(tmp_path, shift_m):
    assert place(crs=6677, vertical="ap", geoid=shifted_model(tmp_path, shift_m))


def test_work_datums_take_no_other_geoid(tmp_path):
    message = refused(crs=6677, vertical="ap", geoid=shifted_model(tmp_path, -0.05))
    assert "0.049 m away" in message
    assert "jpgeo2024" in message
