import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin_pipeline.crs import (
    CrsOptions,
    CrsRecord,
    Georeference,
    record_from_geokeys,
    record_from_wkt,
    resolve,
)
from twin_pipeline.errors import GeoreferenceError

# Tokyo Metropolitan Government building, zone IX; longitude, latitude and geoid from GSI.
SHINJUKU = np.array([[-12818.761, -34428.095, 40.0]])
SHINJUKU_LONLAT = (139.6917, 35.6896)
LOWER, UPPER = SHINJUKU[0] - 15, SHINJUKU[0] + 15
ORIGIN = (139.6917, 35.6896, 77.0)
NO_RECORD = CrsRecord()
ZONE_9 = record_from_geokeys({3072: 6677})


def place(record=NO_RECORD, lower=LOWER, upper=UPPER, **options: Any) -> Georeference:
    return resolve(record, CrsOptions(**({"axis_order": "en"} | options)), lower, upper, "site.laz")


def refused(*args, **kwargs: Any) -> str:
    with pytest.raises(GeoreferenceError) as caught:
        place(*args, **kwargs)
    message = str(caught.value)
    assert message.startswith("site.laz: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("vertical", "height_m", "geoid"),
    [
        ("jgd2011", 77.0053, "gsigeo2011"),
        ("jgd2024", 77.0989, "jpgeo2024"),
        ("ap", 77.0053 - 1.1344, "gsigeo2011"),
        ("ellipsoidal", 40.0, None),
    ],
)
def test_elevations_reach_the_ellipsoid_through_their_geoid(vertical, height_m, geoid):
    reference = place(crs="EPSG:6677", vertical=vertical)
    lon_deg, lat_deg, ellipsoidal_m = reference.to_geographic(SHINJUKU)[0]
    assert (lon_deg, lat_deg) == pytest.approx(SHINJUKU_LONLAT, abs=1e-8)
    assert ellipsoidal_m == pytest.approx(height_m, abs=5e-4)
    assert reference.describe()["geoid"]["value"] == geoid


def test_ecef_agrees_with_the_ellipsoid_formula():
    reference = place(crs=6677, vertical="jgd2011")
    lon_deg, lat_deg, height_m = reference.to_geographic(SHINJUKU)[0]
    lon, lat = np.radians((lon_deg, lat_deg))
    flattening = 1 / 298.257223563
    squared = flattening * (2 - flattening)
    normal_m = 6378137.0 / np.sqrt(1 - squared * np.sin(lat) ** 2)
    expected = [
        (normal_m + height_m) * np.cos(lat) * np.cos(lon),
        (normal_m + height_m) * np.cos(lat) * np.sin(lon),
        (normal_m * (1 - squared) + height_m) * np.sin(lat),
    ]
    assert reference.to_ecef(SHINJUKU)[0] == pytest.approx(expected, abs=1e-6)


@given(st.floats(-30e3, 30e3), st.floats(-60e3, 0), st.floats(-50, 900), st.sampled_from("jea"))
@settings(max_examples=50, deadline=None)
def test_projected_coordinates_come_back(easting, northing, elevation, initial):
    vertical = {"j": "jgd2011", "e": "ellipsoidal", "a": "ap"}[initial]
    reference = place(crs=6677, vertical=vertical)
    xyz = np.array([[easting, northing, elevation]])
    assert np.abs(reference.from_geographic(reference.to_geographic(xyz)) - xyz).max() < 1e-4


@given(st.floats(-200, 200), st.floats(-200, 200), st.floats(-50, 50))
@settings(max_examples=50, deadline=None)
def test_local_coordinates_come_back(east, north, up):
    reference = place(crs="local", origin=ORIGIN)
    xyz = np.array([[east, north, up]])
    assert np.abs(reference.from_geographic(reference.to_geographic(xyz)) - xyz).max() < 1e-4


def test_local_axes_point_east_north_and_up_and_keep_lengths():
    reference = place(crs="local", origin=ORIGIN)
    assert reference.is_local
    zero = reference.to_geographic(np.zeros((1, 3)))[0]
    assert zero == pytest.approx(ORIGIN, abs=1e-8)
    east, north, up = reference.to_geographic(np.eye(3) * 10) - zero
    assert east[0] > 8e-5
    assert abs(east[1]) < 1e-10
    assert north[1] > 8e-5
    assert abs(north[0]) < 1e-10
    assert up == pytest.approx((0, 0, 10), abs=1e-8)
    ecef = reference.to_ecef(np.eye(3) * 10) - reference.to_ecef(np.zeros((1, 3)))
    assert ecef @ ecef.T == pytest.approx(np.eye(3) * 100, abs=1e-6)


def test_many_points_equal_single_points():
    reference = place(crs=6677, vertical="jgd2011")
    cloud = SHINJUKU + np.random.default_rng(1).uniform(-15, 15, (50, 3))
    single = np.vstack([reference.to_ecef(point[np.newaxis]) for point in cloud])
    assert np.abs(reference.to_ecef(cloud) - single).max() < 1e-8
    assert reference.to_ecef(cloud[:0]).shape == (0, 3)
    assert reference.geoid_undulation_m(cloud) == pytest.approx(37.0053, abs=0.01)


def test_a_georeference_travels_to_worker_processes():
    reference = place(crs=6677, vertical="jgd2011")
    copy = pickle.loads(pickle.dumps(reference))  # noqa: S301 - our own bytes
    assert np.array_equal(copy.to_ecef(SHINJUKU), reference.to_ecef(SHINJUKU))


@pytest.mark.parametrize(
    ("crs", "vertical", "epsg", "horizontal", "compound"),
    [
        ("EPSG:6677", "jgd2011", 6677, 6677, 10170),
        ("EPSG:10170", None, 10170, 6677, 10170),
        ("EPSG:6677", "ap", 6677, 6677, None),
        ("EPSG:6677", "ellipsoidal", 6677, 6677, None),
    ],
)
def test_codes_for_attribute_files(crs, vertical, epsg, horizontal, compound):
    reference = place(crs=crs, vertical=vertical)
    assert (reference.epsg, reference.horizontal_epsg, reference.compound_epsg) == (
        epsg,
        horizontal,
        compound,
    )


def test_codes_past_the_last_compound_zone_are_not_mistaken():
    reference = resolve(
        NO_RECORD,
        CrsOptions(crs=6687, vertical="ellipsoidal"),
        (0, -190e3, 0),
        (1, -190e3, 1),
        "site.laz",
    )
    assert reference.compound_epsg is None


def test_every_decision_says_where_it_came_from():
    reference = resolve(
        NO_RECORD,
        CrsOptions(default_crs="EPSG:6677", vertical="jgd2011", axis_order="en"),
        LOWER,
        UPPER,
        "site.laz",
        {"vertical": "--vertical", "default_crs": "tokyo.toml"},
    )
    described = reference.describe()
    assert described["crs"] == {
        "value": "EPSG:6677",
        "source": "tokyo.toml, as the scan carries no CRS record",
    }
    assert described["vertical"] == {"value": "jgd2011", "source": "--vertical"}
    assert described["geoid"] == {"value": "gsigeo2011", "source": "belongs to jgd2011"}
    assert "setting crs.axis_order" in described["axis_order"]["source"]
    assert json.loads(json.dumps(described)) == described


def test_the_scans_own_record_holds():
    reference = place(ZONE_9, vertical="jgd2011", default_crs="EPSG:6676")
    assert reference.horizontal_epsg == 6677
    assert reference.describe()["crs"]["source"] == "file (GeoTIFF keys)"


def test_heights_in_the_scans_record_hold():
    reference = place(record_from_geokeys({3072: 6677, 4096: 6695}))
    assert reference.vertical_name == "JGD2011 (vertical) height"
    assert reference.to_geographic(SHINJUKU)[0, 2] == pytest.approx(77.0053, abs=5e-4)


def test_jgd2024_heights_are_recognised_by_name_though_proj_lacks_their_code():
    wkt = place(crs=6677, vertical="jgd2024").wkt
    assert '"EPSG",11327' in wkt
    assert place(record_from_wkt(wkt)).describe()["geoid"]["value"] == "jpgeo2024"


def test_a_setting_may_confirm_the_record_and_inherits_its_heights():
    record = record_from_geokeys({3072: 6677, 4096: 6695})
    assert place(record, crs="EPSG:6677").vertical_name == "JGD2011 (vertical) height"


def test_no_crs_names_the_three_ways_out():
    message = refused(vertical="jgd2011")
    for remedy in (
        "--crs EPSG:6677",
        "--crs local --origin LON,LAT,HEIGHT",
        "-c configs/tokyo.toml",
    ):
        assert remedy in message


def test_missing_heights_name_flag_and_config_line():
    message = refused(crs="EPSG:6677")
    assert "--vertical jgd2011" in message
    assert '[crs] vertical = "jgd2011"' in message


def test_local_needs_an_origin():
    assert "--origin LON,LAT,HEIGHT" in refused(crs="local")


def test_a_record_that_could_be_true_is_only_overruled_by_force():
    message = refused(ZONE_9, crs="EPSG:6676", vertical="jgd2011")
    assert "force_crs = true" in message
    forced = place(ZONE_9, crs="EPSG:6676", vertical="jgd2011", force_crs=True)
    assert forced.horizontal_epsg == 6676
    assert "overruled" in forced.warnings[0]
    assert "force_crs" in refused(ZONE_9, crs="local", origin=ORIGIN)


def test_a_record_that_cannot_be_true_yields_to_a_setting():
    lying = record_from_geokeys({3072: 32631})
    lower, upper = (166020.9, -0.5, 0.2), (166021.3, -0.2, 0.4)
    assert "--crs local" in refused(lying, lower, upper)
    reference = place(lying, lower, upper, crs="local", origin=ORIGIN)
    assert reference.is_local
    assert "EPSG:32631" in reference.warnings[0]


def test_a_broken_record_is_not_replaced_by_the_default():
    broken = record_from_wkt("PROJCS[oops")
    assert "can't be used" in refused(
        broken, default_crs="EPSG:6677", vertical="jgd2011", axis_order="en"
    )
    assert place(broken, crs="EPSG:6677", vertical="jgd2011").horizontal_epsg == 6677


def test_contradicting_heights_are_refused():
    record = record_from_geokeys({3072: 6677, 4096: 6695})
    assert "--vertical" in refused(record, vertical="jgd2024")
    forced = place(record, vertical="jgd2024", force_crs=True)
    assert forced.vertical_name == "JGD2024 (vertical) height"


def test_the_other_datums_geoid_is_refused():
    message = refused(crs=6677, vertical="jgd2011", geoid="jpgeo2024")
    assert "--geoid gsigeo2011" in message


def test_heights_without_a_known_geoid_are_refused():
    record = record_from_geokeys({3072: 32654, 4096: 5773})
    assert "EGM96" in refused(record, (380e3, 3950e3, 0), (380010, 3950010, 5))


@pytest.mark.parametrize(
    ("crs", "centre", "hint"),
    [
        ("EPSG:6691", (3940e3, 370e3), "--axis-order ne"),
        ("EPSG:6677", (382e3, 3950e3), "EPSG:6691"),
        ("EPSG:6677", (139.6917, 35.6896), "degrees"),
        ("EPSG:6677", (35.6896, 139.6917), "degrees"),
        ("EPSG:6677", (-12818761.0, -34428095.0), "millimetres"),
        ("EPSG:6691", (3.0, 4.0), "--crs local"),
    ],
)
def test_impossible_coordinates_are_refused_with_the_likely_truth(crs, centre, hint):
    lower, upper = np.array([*centre, 0.0]) - 0.1, np.array([*centre, 0.0]) + 0.1
    assert hint in refused(lower=lower, upper=upper, crs=crs, vertical="jgd2011")


def test_the_swapped_hint_knows_the_order_already_given():
    lower, upper = (3940e3, 370e3, 0), (3940010, 370010, 5)
    message = refused(lower=lower, upper=upper, crs=6691, vertical="jgd2011", axis_order="ne")
    assert "--axis-order en" in message


def test_scanner_coordinates_under_a_plane_crs_are_doubted():
    reference = place(lower=(-3, -5, -2), upper=(2, -1, 2), crs=6677, vertical="jgd2011")
    assert "--crs local" in reference.warnings[0]
    assert place(crs=6677, vertical="jgd2011", axis_order="en").warnings == ()


@pytest.mark.parametrize(
    ("crs", "words"),
    [
        ("EPSG:6697", "degrees"),
        ("EPSG:2229", "US survey foot"),
        ("EPSG:6695", "no place on earth"),
        ("EPSG:30169", "JGD2011"),
        ("nonsense", "EPSG:6677"),
    ],
)
def test_unusable_crs_is_refused(crs, words):
    assert words in refused(crs=crs, vertical="jgd2011")


def test_outside_the_geoid_is_refused():
    # the open Pacific, within the area of UTM zone 54N
    message = refused(
        lower=(500e3, 2300e3, 0), upper=(500010, 2300010, 5), crs=6691, vertical="jgd2011"
    )
    assert "gsigeo2011 has no value" in message


@pytest.mark.parametrize(
    "origin",
    ["139.7,35.7", (181.0, 0.0, 0.0), (0.0, 91.0, 0.0), (0.0, 0.0, float("nan")), (0, 0, 2e4)],
)
def test_impossible_origins_are_refused(origin):
    with pytest.raises(ValidationError):
        CrsOptions(crs="local", origin=origin)


def test_options_take_what_the_command_line_gives():
    options = CrsOptions(crs="6677", origin="139.7,35.7,77")
    assert options.crs == "EPSG:6677"
    assert options.origin == (139.7, 35.7, 77.0)
