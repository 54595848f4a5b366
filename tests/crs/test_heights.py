"""Vertical datums against published values."""

import datetime as dt
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from pyproj import Transformer, datadir

from tests.crs.places import SHINJUKU, lifted, place, refused
from twin_pipeline.crs import CrsOptions, record_from_geokeys, record_from_wkt
from twin_pipeline.crs.geoids import undulation_m

SITE = SHINJUKU[np.newaxis]
PROJ_GRIDS = {"gsigeo2011": "jp_gsi_gsigeo2011.tif", "jpgeo2024": "jp_gsi_jpgeo2024.tif"}


def height_m(**options):
    return float(place(**options).to_geographic(SITE)[0, 2])


def test_gsi_worked_example_of_zone_ix():
    # GSI, survey calculation, conversion to plane rectangular coordinates.
    reference = place(
        at=(22916.2436, 11543.6883, 25.0), crs=6677, vertical="jgd2011", axis_order="en"
    )
    lonlat = np.array([[140.08785504166664, 36.103774791666666, 65.0]])
    easting, northing, _ = reference.from_geographic(lonlat)[0]
    assert (easting, northing) == pytest.approx((22916.2436, 11543.6883), abs=1e-4)


# Printed to 0.1 mm by GSI's own service ("geoid height"), and by two other readers of GSI's files,
# llh_converter (its tests) and PROJ (in those of japan-geoid): docs/coordinates.md.
PUBLISHED = [
    ("gsigeo2011", 139.765374500, 35.681467200, 36.6706),
    ("gsigeo2011", 140.085365, 36.104394, 40.1954),
    ("gsigeo2011", 139.615526, 35.160410, 36.6453),
    ("gsigeo2011", 138.2839817085188, 37.12378643088312, 39.4739),
    ("gsigeo2011", 141.36199967724426, 43.06539278249951, 31.9007),
    ("jpgeo2024", 140.085365, 36.104394, 40.2920),
    ("jpgeo2024", 139.615526, 35.160410, 36.7434),
    ("jpgeo2024", 128.072433, 26.591644, 32.3939),
]


@pytest.mark.parametrize(("key", "lon_deg", "lat_deg", "published_m"), PUBLISHED)
def test_geoids_give_published_values(key, lon_deg, lat_deg, published_m):
    found = undulation_m(key, np.array([lon_deg]), np.array([lat_deg]))
    assert found[0] == pytest.approx(published_m, abs=1e-4)


# Longitude, latitude: Tokyo, its west and east, Oshima, and the corners of the plain.
LON = np.array([139.6917, 139.31, 139.81, 139.40, 140.1, 138.95, 139.5001, 140.4])
LAT = np.array([35.6896, 35.65, 35.69, 34.75, 36.1, 35.75, 36.3999, 35.7])


@pytest.mark.parametrize("key", PROJ_GRIDS)
def test_agreement_with_projs_own_grid(key):
    folders = [datadir.get_data_dir(), datadir.get_user_data_dir()]
    grids = [Path(folder) / PROJ_GRIDS[key] for folder in folders]
    found = next((grid for grid in grids if grid.is_file()), None)
    if found is None:
        pytest.skip(f"no {PROJ_GRIDS[key]} here: `pyproj sync --file {PROJ_GRIDS[key]}` gets it")
    assert np.abs(undulation_m(key, LON, LAT) - proj_undulation_m(found)).max() < 1e-3


def proj_undulation_m(grid):
    proj = Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        f"+step +proj=vgridshift +grids={grid} +multiplier=1"
    )
    return proj.transform(LON, LAT, np.zeros(len(LON)))[2]


@pytest.fixture(scope="module")
def grid_folder(tmp_path_factory):
    """A folder with GSIGEO2011 around Tokyo as PROJ has it: the same nodes, name and format."""
    rasterio = pytest.importorskip("rasterio")
    lon, lat = np.arange(138.9, 140.5, 0.025), np.arange(36.5, 34.6, -1 / 60)
    nodes = [grid.ravel() for grid in np.meshgrid(lon, lat)]
    values = undulation_m("gsigeo2011", *nodes).reshape(len(lat), len(lon)).astype(np.float32)
    folder = tmp_path_factory.mktemp("proj")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transform = rasterio.Affine(0.025, 0, lon[0] - 0.0125, 0, -1 / 60, lat[0] + 1 / 120)
        profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "crs": "EPSG:6668"}
        with rasterio.open(
            folder / PROJ_GRIDS["gsigeo2011"], "w", height=len(lat), width=len(lon),
            transform=transform, nodata=-32768.0, **profile,
        ) as file:  # fmt: skip
            file.write(np.nan_to_num(values, nan=-32768.0), 1)
            file.set_band_description(1, "geoid_undulation")
            file.update_tags(TYPE="VERTICAL_OFFSET_GEOGRAPHIC_TO_VERTICAL")
    return folder


def test_agreement_with_proj_where_its_grid_is_there(grid_folder):
    """PROJ chooses its way from EPSG:10170 to WGS 84 itself, with the grid and without."""
    proj_m = np.abs(proj_undulation_m(grid_folder / PROJ_GRIDS["gsigeo2011"]))
    assert np.abs(undulation_m("gsigeo2011", LON, LAT) - proj_m).max() < 1e-3
    script = (
        "import sys; from pyproj import Transformer, datadir; "
        "[datadir.append_data_dir(folder) for folder in sys.argv[1:]]; "
        "t = Transformer.from_crs('EPSG:10170', 'EPSG:4979'); "
        "print(*t.transform(-34428.095, -12818.761, 40.0))"
    )
    heights = {}
    for name, folders in {"with": [grid_folder], "without": []}.items():
        command = [sys.executable, "-c", script, *folders]
        environment = os.environ | {"PROJ_NETWORK": "OFF"}
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        heights[name] = [float(number) for number in done.stdout.split()]
    ours = place(crs=10170).to_geographic(SITE)[0]
    assert heights["with"] == pytest.approx([ours[1], ours[0], ours[2]], abs=1e-3)
    assert heights["with"][:2] == pytest.approx([ours[1], ours[0]], abs=1e-9)
    assert heights["without"][2] == pytest.approx(40.0)  # 37 m wrong, without an error


@pytest.mark.parametrize(
    ("lon_deg", "lat_deg", "correction_m"),
    [(139.79, 33.11, 0.387), (142.19, 27.09, 0.642), (139.6917, 35.6896, 0.0)],
)
def test_jgd2024_heights_of_islands_count_from_their_own_sea(lon_deg, lat_deg, correction_m):
    import japan_geoid

    bare = japan_geoid.load_embedded_jpgeo2024().get_height(lon_deg, lat_deg)
    found = undulation_m("jpgeo2024", np.array([lon_deg]), np.array([lat_deg]))
    assert found[0] - bare == pytest.approx(correction_m, abs=5e-4)


def test_work_datums_count_from_tp():
    tp = height_m(crs=6677, vertical="jgd2011")
    assert height_m(crs=6677, vertical="ap") == pytest.approx(tp - 1.1344, abs=1e-9)
    assert height_m(crs=6677, vertical="yp") == pytest.approx(tp - 0.8402, abs=1e-9)
    own = {"crs": 6677, "vertical": "jgd2011", "vertical_offset_m": 1.1344}
    assert height_m(**own) == pytest.approx(tp - 1.1344, abs=1e-9)
    reference = place(**own)
    assert reference.vertical_name == "JGD2011 (vertical) height +1.1344 m"
    assert reference.compound_epsg is None
    assert reference.describe()["vertical"]["value"] == "jgd2011+1.1344"
    assert "+1.1344 m" in reference.wkt


def test_ap_may_count_from_either_realisation_of_tp():
    old = height_m(crs=6677, vertical="ap")
    new = height_m(crs=6677, vertical="ap", geoid="jpgeo2024")
    assert new - old == pytest.approx(0.0936, abs=1e-4)


def test_an_offset_of_ellipsoidal_heights_is_refused():
    assert "vertical_offset_m" in refused(crs=6677, vertical="ellipsoidal", vertical_offset_m=1.0)


@pytest.mark.parametrize("name", ["6695", "EPSG:6695", " jgd2011 ", "JGD2011"])
def test_a_datum_has_many_names(name):
    reference = place(crs=6677, vertical=name)
    assert reference.describe()["vertical"]["value"] == "jgd2011"


@pytest.mark.parametrize("name", ["EPSG:6677", "EPSG:5715", "EPSG:99999"])
def test_what_is_no_height_in_metres_is_refused(name):
    assert name in refused(crs=6677, vertical=name)


def test_unknown_names_are_refused():
    with pytest.raises(ValidationError, match="jgd2024"):
        CrsOptions(vertical="tp")


@pytest.mark.parametrize(
    "record",
    [
        record_from_geokeys({3072: 11327}),
        record_from_geokeys({3072: 6677, 4096: 11317}),
        record_from_wkt(place(crs="EPSG:11327").wkt),
    ],
)
def test_jgd2024_codes_hold_where_proj_lacks_them(record):
    reference = place(record)
    assert reference.horizontal_epsg == 6677
    assert reference.describe()["vertical"]["value"] == "jgd2024"
    assert reference.to_geographic(SITE)[0, 2] == pytest.approx(77.0989, abs=5e-4)
    assert '"EPSG",11327' in reference.wkt
    assert reference.compound_epsg == 11327


def test_every_zone_has_its_jgd2024_code():
    for zone, code in ((1, 11319), (19, 11337)):
        record = record_from_geokeys({3072: code})
        assert record.crs().sub_crs_list[0].to_epsg() == 6668 + zone
        assert f'"EPSG",{code}' in record.wkt
    assert record_from_geokeys({3072: 11338}).problem is not None


@pytest.mark.parametrize("code", [5030, 5019])
def test_geotiff_codes_of_ellipsoidal_heights_hold(code):
    record = record_from_geokeys({3072: 6677, 4096: code})
    reference = place(record, at=lifted(SHINJUKU, 37))
    assert reference.describe()["vertical"]["value"] == "ellipsoidal"
    assert (reference.epsg, reference.horizontal_epsg) == (6677, 6677)
    assert "Ellipsoidal" in refused(record, vertical="jgd2011")


JUNE_2026, JUNE_2024 = dt.date(2026, 6, 1), dt.date(2024, 6, 1)


@pytest.mark.parametrize(
    ("vertical", "written", "told", "warned"),
    [
        ("jgd2011", JUNE_2026, None, "jgd2024"),
        ("jgd2011", JUNE_2024, None, None),
        ("jgd2011", None, None, None),
        ("jgd2011", JUNE_2024, JUNE_2026, "jgd2024"),
        ("jgd2011", JUNE_2026, JUNE_2024, None),
        ("jgd2011", dt.date(2025, 4, 1), None, "jgd2024"),
        ("jgd2011", dt.date(2025, 3, 31), None, None),
        ("ap", JUNE_2026, None, "jgd2024"),
        ("jgd2024", JUNE_2026, None, None),
        ("jgd2024", JUNE_2024, None, "jgd2011"),
        ("ellipsoidal", JUNE_2026, None, None),
    ],
)
def test_heights_out_of_date_are_warned_of_with_the_difference(vertical, written, told, warned):
    at = lifted(SHINJUKU, 37) if vertical == "ellipsoidal" else SHINJUKU
    said = {"crs": 6677, "vertical": vertical, "axis_order": "en"}
    reference = place(at=at, written=written, survey_date=told, **said)
    if warned is None:
        assert reference.warnings == ()
        return
    (warning,) = reference.warnings
    assert f"--vertical {warned}" in warning
    assert "0.094 m" in warning
    assert ("file's date" in warning) == (told is None)
