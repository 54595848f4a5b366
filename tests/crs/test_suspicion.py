"""Scans whose coordinates or heights are not what they are said to be."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from pyproj import CRS

from tests.crs.places import LOWLANDS, SHINJUKU, lifted, place, refused
from twin_pipeline.crs import CrsOptions, height_disagreements, record_from_geokeys, record_from_wkt

TOKYO = tomllib.loads((Path(__file__).parents[2] / "configs/tokyo.toml").read_text("utf-8"))["crs"]
TOKYO["sources"] = {"axis_order": "configs/tokyo.toml"}
SAID = TOKYO | {"sources": {}}
"""The same, with the order of axes given for the run."""
UNDULATION = np.array([0.0, 0.0, 37.005])


@pytest.mark.parametrize(
    "at",
    [
        SHINJUKU,
        LOWLANDS,
        (-1500.0, -36500.0, -4.0),
        (-64500.0, -20500.0, 180.0),
        (-75000.0, -20500.0, 1000.0),
    ],
    ids=["Shinjuku", "Koto", "below the sea", "Ome", "Okutama"],
)
def test_places_in_tokyo_pass_without_a_word(at):
    assert place(at=at, **TOKYO).warnings == ()


@pytest.mark.parametrize("at", [SHINJUKU, LOWLANDS])
def test_exchanged_axes_are_noticed_and_the_flag_decides(at):
    swapped = at[[1, 0, 2]]
    message = refused(at=swapped, **TOKYO)
    assert "--axis-order ne" in message
    assert f"{swapped[0]:.1f}" in message
    (warning,) = place(at=swapped, **SAID).warnings
    assert "area of work" in warning
    assert place(at=at, **SAID | {"axis_order": "ne"}).warnings == ()


@pytest.mark.parametrize(
    ("unit", "size_m"), [("feet", 0.3048), ("millimetres", 0.001), ("centimetres", 0.01)]
)
def test_other_units_are_noticed(unit, size_m):
    assert unit in refused(at=SHINJUKU / size_m, **TOKYO)


def test_far_from_tokyo_is_only_warned_of():
    (warning,) = place(at=(30e3, 40e3, 20.0), **TOKYO).warnings
    assert "area of work" in warning


@pytest.mark.parametrize("code", [6676, 6678])
def test_a_wrong_zone_is_noticed_by_the_area(code):
    message = refused(record_from_geokeys({3072: code}), **TOKYO)
    assert f"EPSG:{code}" in message
    assert "--crs EPSG:6677 --force-crs" in message
    mended = place(record_from_geokeys({3072: code}), **TOKYO, crs=6677, force_crs=True)
    assert mended.horizontal_epsg == 6677
    (warning,) = mended.warnings
    assert "was overruled" in warning


def test_millimetres_are_noticed_without_a_place():
    options = CrsOptions(crs="local", origin=(139.7, 35.7, 70.0))
    from twin_pipeline.crs import resolve
    from twin_pipeline.errors import GeoreferenceError

    with pytest.raises(GeoreferenceError, match=r"2\.20 m high.*--force-crs"):
        resolve(record_from_geokeys({}), options, (0, 0, 0), (24e3, 9e3, 2200.0), "site.laz")


def test_scanner_coordinates_are_no_place_unless_the_user_names_the_crs():
    at = (1.0, -2.0, 0.0)
    for options in ({"default_crs": 6677}, TOKYO):
        assert "--crs local" in refused(at=at, **{"vertical": "jgd2011", **options})
    assert "--crs local" in refused(record_from_geokeys({3072: 6677}), at=at, vertical="jgd2011")
    (warning,) = place(at=at, crs=6677, vertical="jgd2011").warnings
    assert "--crs local" in warning


@pytest.mark.parametrize("at", [SHINJUKU, LOWLANDS])
@pytest.mark.parametrize("vertical", ["jgd2011", "jgd2024", "ap"])
def test_ellipsoidal_heights_called_heights_above_the_sea(at, vertical):
    message = refused(at=at + UNDULATION, crs=6677, vertical=vertical)
    assert "likely ellipsoidal" in message
    assert "--vertical ellipsoidal" in message
    assert f"{at[2] + 37.005 - 1.5:.1f}" in message
    insisted = place(at=at + UNDULATION, crs=6677, vertical=vertical, force_crs=True)
    assert "likely ellipsoidal" in insisted.warnings[0]


def test_the_record_that_lies_about_heights_needs_both_flags():
    record = record_from_wkt(CRS.from_epsg(10170).to_wkt())
    assert "--vertical ellipsoidal --force-crs" in refused(record, at=SHINJUKU + UNDULATION)
    at = SHINJUKU + UNDULATION
    mended = place(record, at=at, vertical="ellipsoidal", force_crs=True)
    assert mended.warnings == ()
    assert mended.to_geographic(at[np.newaxis])[0, 2] == pytest.approx(77.005)


def test_heights_above_the_sea_called_ellipsoidal():
    message = refused(at=lifted(LOWLANDS, -6), crs=6677, vertical="ellipsoidal")
    assert "likely above sea level" in message
    assert "--vertical jgd2011" in message


@pytest.mark.parametrize(
    "at",
    [
        (-20200.0, -49000.0, 95.0),
        (5900.0, -28000.0, 30.0),
        (-24800.0, -30500.0, 64.0),
        (-14200.0, -45700.0, 45.0),
        (-80500.0, -15500.0, 2017.0),
        (-90000.0, -70000.0, 3776.0),
        (0.0, -33000.0, -25.0),
    ],
    ids=["Miyamae", "Konodai", "Musashino", "Kosugi", "Kumotori", "Fuji", "a shaft"],
)
def test_hills_beyond_the_rivers_and_pits_are_no_doubt(at):
    assert place(at=at, crs=6677, vertical="jgd2011", axis_order="en").warnings == ()


def test_unusual_elevations_that_the_geoid_does_not_explain_are_warned_of():
    for at in (lifted(LOWLANDS, -46), lifted(LOWLANDS, 90), (-60e3, -30e3, -150.0)):
        (warning,) = place(at=at, **SAID).warnings
        assert "check unit and datum" in warning
    assert "check unit and datum" in refused(
        at=lifted(LOWLANDS, -400), crs=6677, vertical="jgd2011"
    )


def test_below_the_sea_elsewhere_on_earth():
    jordan = (735_000.0, 3_510_000.0, -425.0)
    assert place(at=jordan, crs=32636, vertical="ellipsoidal").warnings == ()


def test_limits_of_the_ground_can_be_set():
    high = lifted(SHINJUKU, 37)
    assert "between -15 and 56" in refused(at=high, crs=6677, vertical="jgd2011")
    assert place(at=high, ground_range_m=(0, 90), **TOKYO).warnings == ()
    assert "between 50 and 60" in refused(crs=6677, vertical="jgd2011", ground_range_m=(50, 60))


def test_no_ground_is_higher_than_the_earths():
    assert "3800" in refused(at=(-70e3, -66e3, 5000.0), crs=6677, vertical="jgd2011")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"area": [(139, 35), (140, 36)]}, "three corners"),
        ({"area": [(139, 35), (140, 95), (139, 36)]}, "not on earth"),
        ({"ground_range_m": (5, 5)}, "below the second"),
    ],
)
def test_impossible_limits_are_refused(options, words):
    with pytest.raises(ValidationError, match=words):
        CrsOptions(**options)


def test_degrees_are_noticed_anywhere():
    from twin_pipeline.crs import CrsRecord, resolve
    from twin_pipeline.errors import GeoreferenceError

    options = CrsOptions(crs=2154, vertical="ellipsoidal")
    lower, upper = (2.35, 48.85, 80.0), (2.3502, 48.8501, 82.0)
    with pytest.raises(GeoreferenceError, match="degrees"):
        resolve(CrsRecord(), options, lower, upper, "site.laz")


def test_systems_that_stretch_lengths_are_refused():
    """A pipe of 100 mm would be measured as one of 123 mm, and its depth not."""
    tokyo = (15_550_409.0, 4_257_980.7, 32.0)
    message = refused(at=tokyo, crs=3857, vertical="jgd2011")
    assert "lengths 1.23" in message
    assert "measure 123." in message
    for code, at in (
        (6691, (381_600.0, 3_950_300.0, 32.0)),
        (32654, (381_600.0, 3_950_300.0, 32.0)),
    ):
        assert place(at=at, crs=code, vertical="jgd2011").warnings == ()


def test_a_record_of_other_heights_than_the_office_s_names_the_flags_that_take_its_word():
    record = record_from_geokeys({3072: 11327})
    message = refused(record, **TOKYO)
    assert "--vertical jgd2024 --geoid jpgeo2024" in message
    said = TOKYO | {"vertical": "jgd2024", "geoid": "jpgeo2024"}
    assert place(record, **said).warnings == ()


def test_earth_centred_metres_are_named():
    record = record_from_wkt(CRS.from_epsg(4978).to_wkt())
    assert "earth's centre" in refused(record, at=(-3.95e6, 3.35e6, 3.7e6))


def test_jgd2000_is_refused_where_the_ground_has_moved():
    record = record_from_geokeys({3072: 2451})
    message = refused(record, vertical="jgd2011")
    assert "PatchJGD" in message
    assert "--force-crs" in message
    (warning,) = place(record, vertical="jgd2011", force_crs=True).warnings
    assert "PatchJGD" in warning
    renamed = place(record, vertical="jgd2011", crs=6677, force_crs=True)
    assert renamed.horizontal_epsg == 6677
    assert "was overruled" in renamed.warnings[0]


@pytest.mark.parametrize("code", [2444, 3098])
def test_jgd2000_is_jgd2011_where_the_ground_has_not_moved(code):
    at = {2444: (-58e3, 65e3, 20.0), 3098: (630e3, 3.7176e6, 20.0)}[code]
    assert place(at=at, crs=code, vertical="jgd2011", axis_order="en").warnings == ()


def test_units_are_noticed_without_an_area_of_work_where_they_put_a_scan_to_sea():
    message = refused(at=SHINJUKU / 0.3048, crs=6677, vertical="jgd2011")
    assert "in the sea" in message
    assert "taken as feet" in message
    assert "139.6917" in message


def test_axes_are_noticed_without_an_area_of_work_where_they_put_a_scan_to_sea():
    oshima = np.array([-40_000.0, -138_000.0, 20.0])
    assert place(at=oshima, crs=6677, vertical="jgd2011").warnings == ()
    gunma = np.array([-100_000.0, 80_000.0, 800.0])
    assert place(at=gunma, crs=6677, vertical="jgd2011").warnings == ()
    message = refused(at=gunma[[1, 0, 2]], crs=6677, vertical="jgd2011", axis_order=None)
    assert "in the sea" in message
    assert "--axis-order ne" in message


@pytest.mark.parametrize("zone", [5, 6, 7, 10])
def test_exchanged_axes_are_told_by_the_zone_alone(zone):
    site = {5: (-40e3, -152e3), 6: (-46e3, -145e3), 7: (-24e3, -91e3), 10: (3e3, -192e3)}[zone]
    code = 6668 + zone
    assert place(at=(*site, 20.0), crs=code, vertical="jgd2011", axis_order=None).warnings == ()
    message = refused(at=(*site[::-1], 20.0), crs=code, vertical="jgd2011", axis_order=None)
    assert "--axis-order ne" in message


def test_scans_of_one_place_with_other_heights_are_told_apart_in_metres():
    old = place(crs=6677, vertical="jgd2011")
    new = place(crs=6677, vertical="jgd2024")
    far = place(at=LOWLANDS, crs=6677, vertical="jgd2024")
    utm = place(at=(381628.0, 3950420.0, 40.0), crs=6691, vertical="jgd2011")
    assert height_disagreements({"old": old, "utm": utm, "far": far}) == ()
    (warning,) = height_disagreements({"old": old, "new": new, "far": far})
    assert "0.094 m apart" in warning
    assert "old and new" in warning


@pytest.mark.parametrize(
    "keys",
    [
        {2048: 6668, 3072: 32767, 3074: 17809, 3076: 9001},
        {
            2048: 6668,
            3072: 32767,
            3074: 32767,
            3075: 1,
            3076: 9001,
            3080: 139 + 50 / 60,
            3081: 36.0,
            3082: 0.0,
            3083: 0.0,
            3092: 0.9999,
        },
    ],
)
def test_projections_spelled_out_completely_are_followed(keys):
    reference = place(record_from_geokeys(keys), vertical="jgd2011")
    assert reference.horizontal_epsg == 6677


@pytest.mark.parametrize("missing", [2048, 3074, 3080, 3092])
def test_projections_spelled_out_in_part_are_not(missing):
    keys = {2048: 6668, 3072: 32767, 3074: 32767, 3075: 1, 3080: 139.8, 3081: 36.0, 3082: 0.0}
    keys |= {3083: 0.0, 3092: 0.9999}
    keys.pop(missing)
    if missing == 3074:
        keys[3075] = 8
    assert record_from_geokeys(keys).wkt is None


UTM_SHINJUKU = (381_622.4, 3_950_310.0, 40.0)


@pytest.mark.parametrize(("wrong", "right"), [(6690, 6691), (6692, 6691), (32653, 32654)])
def test_a_wrong_utm_zone_that_leads_out_to_sea_names_those_on_land(wrong, right):
    message = refused(record_from_geokeys({3072: wrong}), at=UTM_SHINJUKU, vertical="jgd2011")
    assert "in the sea" in message
    assert f"EPSG:{right} (longitude 139.69" in message
    said = {"crs": right, "vertical": "jgd2011"}
    mended = place(record_from_geokeys({3072: wrong}), at=UTM_SHINJUKU, **said)
    assert mended.horizontal_epsg == right
    assert "was overruled" in mended.warnings[0]


def test_a_wrong_zone_that_leads_to_land_can_only_be_seen_by_its_place():
    """Shinjuku's numbers in zone VIII are a place near Kofu; nothing in them tells."""
    taken = place(record_from_geokeys({3072: 6676}), vertical="jgd2011")
    assert taken.warnings == ()
    assert "Kofu" in taken.where
    assert "139.69" in place(record_from_geokeys({3072: 6677}), vertical="jgd2011").where


def test_out_at_sea_without_an_explanation_is_warned_of():
    (warning,) = place(at=(426.9e3, 3.8678e6, 3.0), crs=6691, vertical="jgd2011").warnings
    assert "in the sea" in warning
