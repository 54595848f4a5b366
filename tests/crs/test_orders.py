"""Which order of axes holds where a zone can hold both: settled, said, or refused."""

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from tests.crs import places
from tests.crs.places import LOWLANDS, SHINJUKU, lifted
from twin_pipeline.crs import CrsRecord, record_from_geokeys, record_from_wkt
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.errors import GeoreferenceError

TOKYO = tomllib.loads((Path(__file__).parents[2] / "configs/tokyo.toml").read_text("utf-8"))["crs"]
OFFICE = TOKYO | {"sources": {"axis_order": "configs/tokyo.toml"}}
ZONE_9 = {"crs": 6677, "vertical": "jgd2011"}
HACHIOJI = np.array([-50_200.0, -36_900.0, 120.0])
KAWAGOE = np.array([-32_000.0, -8_500.0, 18.0])
CHIBA = np.array([26_000.0, -43_000.0, 5.0])
OSAKA = np.array([-46_000.0, -145_000.0, 3.0])
FUKUOKA = np.array([-58_000.0, 65_000.0, 5.0])
WITHOUT_LAND = (18, 19)
"""Rocks in the open sea, of which GSI's geoids know nothing."""


def place(*args, **options):
    return places.place(*args, **{"axis_order": None} | options)


def refused(*args, **options):
    return places.refused(*args, **{"axis_order": None} | options)


def swapped(at):
    return np.asarray(at)[[1, 0, 2]]


@cache
def land(zone):
    """Return (N, 2) longitudes and latitudes in a zone where a geoid has values."""
    west, south, east, north = CRS.from_epsg(6668 + zone).area_of_use.bounds
    rng = np.random.default_rng(zone)
    lonlat = rng.uniform((west, south), (east, north), (4000, 2))
    return lonlat[~np.isnan(undulation_m("gsigeo2011", *lonlat.T))]


@st.composite
def site(draw):
    """Return a zone and a place in it, easting first."""
    zone = draw(st.sampled_from([n for n in range(1, 20) if n not in WITHOUT_LAND]))
    lonlat = land(zone)
    lon, lat = lonlat[draw(st.integers(0, len(lonlat) - 1))]
    forward = Transformer.from_crs("EPSG:6668", f"EPSG:{6668 + zone}", always_xy=True)
    elevation = draw(st.sampled_from([-20.0, -2.0, 3.0, 18.0, 40.0, 90.0, 300.0, 1500.0]))
    return zone, np.array([*forward.transform(lon, lat), elevation])


def taken(zone, at, **options):
    """Return the place that was taken for (longitude, latitude), None where it was refused."""
    try:
        made = place(at=at, crs=6668 + zone, vertical="jgd2011", **options)
    except GeoreferenceError:
        return None
    return made.to_geographic(np.asarray(at)[np.newaxis])[0, :2]


@given(site())
@settings(max_examples=200, deadline=None)
def test_of_a_scan_and_its_mirror_at_most_one_is_taken_unasked(found):
    """Whichever order a file stores, both can't be right; taking both would be a guess in one."""
    zone, at = found
    if np.hypot(*at[:2]) < 1100 or abs(at[0] - at[1]) < 0.01:
        return
    assert taken(zone, at) is None or taken(zone, swapped(at)) is None


@given(site())
@settings(max_examples=50, deadline=None)
def test_the_flag_puts_either_order_where_it_is(found):
    zone, at = found
    if np.hypot(*at[:2]) < 1100:
        return
    loose = {"ground_range_m": (-500.0, 5000.0)}
    easting_first = taken(zone, at, axis_order="en", **loose)
    # The scan's box is handed over in the order that the flag gives it.
    assert np.array_equal(easting_first, taken(zone, at, axis_order="ne", **loose))


@pytest.mark.parametrize("at", [SHINJUKU, LOWLANDS, HACHIOJI, (-64_500.0, -20_500.0, 180.0)])
def test_a_tokyo_office_runs_without_being_asked(at):
    decided = place(at=at, **OFFICE).decisions["axis_order"]
    assert decided.value == "en"
    assert decided.source.startswith("configs/tokyo.toml")


@pytest.mark.parametrize("at", [SHINJUKU, LOWLANDS])
def test_a_tokyo_office_is_told_of_a_scan_the_other_way_round(at):
    assert "--axis-order ne" in refused(at=swapped(at), **OFFICE)
    turned = OFFICE | {"axis_order": "ne"}
    assert "--axis-order en" in refused(at=swapped(at), **turned)
    assert place(at=at, **turned).warnings == ()
    assert place(at=at, **TOKYO | {"axis_order": "ne"}).warnings == ()


def test_what_the_office_s_habit_decides_alone_is_warned_of():
    (warning,) = place(at=HACHIOJI, **OFFICE).warnings
    assert "configs/tokyo.toml" in warning
    assert "139.4264" in warning
    assert place(at=HACHIOJI, **TOKYO).warnings == ()
    without = {key: value for key, value in TOKYO.items() if key != "axis_order"}
    assert "both orders" in refused(at=HACHIOJI, **without)


@pytest.mark.parametrize("record", [CrsRecord(), record_from_geokeys({3072: 6677})])
@pytest.mark.parametrize("at", [SHINJUKU, LOWLANDS])
def test_tokyo_is_not_guessed_either(record, at):
    said = {"vertical": "jgd2011"} | ({} if record.present else {"crs": 6677})
    for order in (at, swapped(at)):
        message = refused(record, at=order, **said)
        assert "both orders" in message
        assert message.count("longitude") == 2
    assert place(record, at=at, axis_order="en", **said).warnings == ()


def test_heights_and_order_are_asked_for_at_once():
    message = refused(crs=6677)
    assert "--vertical jgd2011" in message
    assert "--axis-order en" in message
    assert "axis-order" not in refused(crs=6674, at=OSAKA)
    assert "axis-order" not in refused(crs=6677, axis_order="en")


def test_a_record_that_declares_easting_first_settles_it():
    """ESRI's definition of the same zone counts east, then north; EPSG's the reverse."""
    esri = record_from_wkt(CRS.from_epsg(6677).to_wkt("WKT1_ESRI"))
    made = place(esri, vertical="jgd2011")
    assert made.horizontal_epsg == 6677
    assert "declares" in made.decisions["axis_order"].source
    (warning,) = made.warnings
    assert "Sayama" in warning
    assert place(esri, vertical="jgd2011", axis_order="en").warnings == ()
    assert "both orders" in refused(esri, crs=6677, vertical="jgd2011")


@pytest.mark.parametrize("at", [KAWAGOE, CHIBA, HACHIOJI])
def test_elsewhere_nothing_tells_and_the_user_is_asked(at):
    message = refused(at=at, **ZONE_9)
    assert "both orders" in message
    assert message.count("longitude") == 2
    for remedy in ("--axis-order en", "--axis-order ne", "axis_order =", "--force-crs"):
        assert remedy in message
    place(at=at, axis_order="en", **ZONE_9)
    (warning,) = place(at=at, force_crs=True, **ZONE_9).warnings
    assert "both orders" in warning
    stated = place(at=at, sources={"axis_order": "office.toml"}, axis_order="en", **ZONE_9)
    assert stated.warnings == ()
    assert "office.toml; exchanged, the scan would lie" in stated.decisions["axis_order"].source


def test_an_area_settles_it_elsewhere():
    around = [(130.2, 33.4), (130.6, 33.4), (130.6, 33.8), (130.2, 33.8)]
    zone_2 = {"crs": 6670, "vertical": "jgd2011"}
    assert "both orders" in refused(at=FUKUOKA, **zone_2)
    assert place(at=FUKUOKA, area=around, **zone_2).warnings == ()
    assert "--axis-order ne" in refused(at=swapped(FUKUOKA), area=around, **zone_2)


def test_control_points_settle_it():
    from twin_pipeline.crs import CrsOptions, resolve

    options = CrsOptions(**ZONE_9)
    held = resolve(CrsRecord(), options, KAWAGOE - 5, KAWAGOE + 5, "site.laz", held=True)
    assert held.warnings == ()


def test_elevations_settle_it_where_one_place_has_no_such_ground():
    high = lifted(swapped(LOWLANDS), 150)
    decided = place(at=high, **ZONE_9)
    assert "would reach no ground" in decided.decisions["axis_order"].source
    assert "both orders" in refused(at=swapped(high), **ZONE_9)


def test_the_sea_settles_it_where_exchanged_axes_lead_out_there():
    sapporo = np.array([-73_300.0, -104_000.0, 18.0])
    decided = place(at=sapporo, crs=6680, vertical="jgd2011")
    assert decided.warnings == ()
    assert "in the sea" in decided.decisions["axis_order"].source
    assert "--axis-order ne" in refused(at=swapped(sapporo), crs=6680, vertical="jgd2011")


def test_mountains_settle_it_for_a_scan_of_the_shore():
    yokohama = np.array([-17_600.0, -62_100.0, 4.0])
    decided = place(at=yokohama, **ZONE_9)
    assert decided.warnings == ()
    assert "no ground" in decided.decisions["axis_order"].source
    assert "Okutama" in refused(at=swapped(yokohama), **ZONE_9)


def test_systems_that_declare_easting_first_leave_nothing_to_mix_up():
    kent = (550_000.0, 160_000.0, 50.0)
    assert place(at=kent, crs=27700, vertical="ellipsoidal", force_crs=True).warnings == ()
