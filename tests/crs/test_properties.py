"""What holds in every zone, datum and order of axes, wherever the scan lies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from twin_pipeline.crs import CrsOptions, CrsRecord, record_from_wkt, resolve
from twin_pipeline.errors import GeoreferenceError

TENTH_OF_A_MILLIMETRE = 1e-4
DATUMS = ("jgd2011", "jgd2024", "ap", "yp", "ellipsoidal")
ZONES = range(6669, 6688)
UTM = range(6688, 6693)
# Not all of a zone's area is land, and only there the geoids have values.
ON_LAND = {
    6669: (129.9, 32.8), 6670: (131.0, 33.2), 6671: (132.4, 34.4), 6672: (133.5, 33.6),
    6673: (134.2, 35.0), 6674: (135.7, 35.0), 6675: (137.2, 36.2), 6676: (138.2, 36.2),
    6677: (139.7, 35.7), 6678: (140.5, 39.5), 6679: (140.75, 41.82), 6680: (142.4, 43.5),
    6681: (144.2, 43.3), 6682: (142.19, 27.07), 6683: (127.75, 26.3), 6684: (124.17, 24.4),
    6685: (131.24, 25.84),
    6688: (123.01, 24.46), 6689: (127.75, 26.3), 6690: (133.5, 33.6), 6691: (139.7, 35.7),
    6692: (144.37, 43.0),
}  # fmt: skip
WITHOUT_GROUND = (6686, 6687)
"""Zones XVIII and XIX: rocks in the open sea, where GSI's geoids have next to no values."""

BOX = np.array([400.0, 400.0, 60.0])

nearby_m = st.floats(-300.0, 300.0)
height_m = st.floats(0.0, 60.0)


def located(code, *, vertical, lift=0.0, **options):
    """Return a georeference around a place on land, and that place in the scan frame."""
    lon, lat = ON_LAND[code]
    forward = Transformer.from_crs("EPSG:6668", f"EPSG:{code}", always_xy=True)
    centre = np.array([*forward.transform(lon, lat), 30.0 + lift])
    options = {"axis_order": "en"} | options  # tests/crs/test_orders.py has what holds without
    given = CrsOptions(crs=f"EPSG:{code}", vertical=vertical, **options)
    # Whether there is ground is not what is tested here.
    given = given.model_copy(update={"ground_range_m": (-500.0, 5000.0)})
    return resolve(CrsRecord(), given, centre - BOX, centre + BOX, "site"), centre


def test_every_zone_is_covered():
    assert {*ON_LAND, *WITHOUT_GROUND} == {*ZONES, *UTM}


@pytest.mark.parametrize("vertical", DATUMS)
@pytest.mark.parametrize("code", sorted(ON_LAND))
def test_coordinates_come_back(code, vertical):
    place, centre = located(code, vertical=vertical)
    offsets = np.random.default_rng(code).uniform(-300, 300, (20, 3))
    xyz = centre + offsets
    assert np.abs(place.from_geographic(place.to_geographic(xyz)) - xyz).max() < (
        TENTH_OF_A_MILLIMETRE
    )


@given(st.sampled_from(sorted(ON_LAND)), st.sampled_from(DATUMS), nearby_m, nearby_m, height_m)
@settings(max_examples=40, deadline=None)
def test_distances_are_kept_but_for_the_projections_scale(code, vertical, east, north, up):
    place, centre = located(code, vertical=vertical)
    pair = np.array([centre, centre + np.array([east, north, up])])
    there = place.to_ecef(pair)
    flat, round_ = np.linalg.norm(np.diff(pair, axis=0)), np.linalg.norm(np.diff(there, axis=0))
    assert abs(flat - round_) <= 1.2e-3 * flat + 1e-4


@given(st.sampled_from(sorted(ON_LAND)), nearby_m, nearby_m, height_m)
@settings(max_examples=15, deadline=None)
def test_datums_differ_by_what_they_state(code, east, north, up):
    heights = {}
    for vertical in DATUMS:
        place, centre = located(code, vertical=vertical)
        at = (centre + np.array([east, north, up]))[np.newaxis]
        heights[vertical] = place.to_geographic(at)[0, 2]
        undulation = place.geoid_undulation_m(at)[0]
        assert heights[vertical] == pytest.approx(
            at[0, 2] + undulation - (place.above_geoid_m or 0.0), abs=1e-9
        )
    assert heights["ap"] == pytest.approx(heights["jgd2011"] - 1.1344, abs=1e-9)
    assert heights["yp"] == pytest.approx(heights["jgd2011"] - 0.8402, abs=1e-9)
    assert abs(heights["jgd2024"] - heights["jgd2011"]) < 1.0
    assert heights["jgd2011"] - heights["ellipsoidal"] > 15.0


@given(st.sampled_from(sorted(ON_LAND)), st.floats(-10, 10), nearby_m, nearby_m)
@settings(max_examples=40, deadline=None)
def test_an_offset_is_taken_off_exactly(code, offset_m, east, north):
    plain, centre = located(code, vertical="jgd2011")
    work, _ = located(code, vertical="jgd2011", vertical_offset_m=offset_m)
    at = (centre + np.array([east, north, 0.0]))[np.newaxis]
    assert work.to_geographic(at)[0, 2] == pytest.approx(
        plain.to_geographic(at)[0, 2] - offset_m, abs=1e-9
    )


@pytest.mark.parametrize("vertical", DATUMS)
@pytest.mark.parametrize("code", sorted(ON_LAND))
def test_the_written_wkt_leads_back_to_the_same_place(code, vertical):
    place, centre = located(code, vertical=vertical)
    record = record_from_wkt(place.wkt)
    again = CrsOptions(ground_range_m=(-500, 5000), axis_order="en")
    if place.describe()["vertical"]["value"] in ("ap", "yp", "ellipsoidal"):
        again = again.model_copy(update={"vertical": vertical, "force_crs": True})
    back = resolve(record, again, centre - BOX, centre + BOX, "site")
    at = centre[np.newaxis]
    assert np.abs(back.to_ecef(at) - place.to_ecef(at)).max() < TENTH_OF_A_MILLIMETRE


@pytest.mark.parametrize("code", [code for code in sorted(ON_LAND) if code in UTM])
def test_exchanged_axes_of_utm_are_refused_in_either_order(code):
    """The zone itself tells: no UTM coordinates of Japan fit both ways."""
    _, centre = located(code, vertical="ellipsoidal")
    swapped = centre[[1, 0, 2]]
    for order, wanted in ((None, "ne"), ("ne", "en"), ("en", "ne")):
        options = CrsOptions(crs=f"EPSG:{code}", vertical="ellipsoidal", axis_order=order)
        with pytest.raises(GeoreferenceError, match=f"--axis-order {wanted}"):
            resolve(CrsRecord(), options, swapped - 5, swapped + 5, "site")


@pytest.mark.parametrize("code", WITHOUT_GROUND)
def test_rocks_in_the_open_sea_have_ellipsoidal_heights(code):
    west, south, east, north = CRS.from_epsg(code).area_of_use.bounds
    forward = Transformer.from_crs("EPSG:6668", f"EPSG:{code}", always_xy=True)
    centre = np.array([*forward.transform((west + east) / 2, (south + north) / 2), 3.0])
    options = CrsOptions(crs=f"EPSG:{code}", vertical="ellipsoidal", ground_range_m=(-99, 99))
    place = resolve(CrsRecord(), options, centre - 5, centre + 5, "site")
    assert np.abs(place.from_geographic(place.to_geographic(centre[None])) - centre).max() < 1e-4
