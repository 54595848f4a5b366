"""Scans whose coordinates or records lie: messages have the numbers and the likely truth."""

from pathlib import Path

import numpy as np
import pytest
from pyproj import CRS

from tests.crs.places import SHINJUKU, lifted, place, refused
from twin_pipeline.config import load_config
from twin_pipeline.crs.record import record_from_geokeys, record_from_wkt

ROOT = Path(__file__).parents[2]
TOKYO = {
    name: value
    for name, value in load_config(ROOT / "configs" / "tokyo.toml", environment={}).crs
    if name in {"default_crs", "vertical", "geoid", "axis_order", "area"}
}
UTM_54 = (381627.4, 3950313.0, 40.0)


def keys(code, **more):
    return record_from_geokeys({3072: code} | {int(k[1:]): v for k, v in more.items()})


def shifted(east, north):
    return SHINJUKU + np.array([east, north, 0.0])


def with_axes(first, second):
    text = CRS.from_epsg(6677).to_wkt("WKT1_GDAL")
    end = ',AUTHORITY["EPSG","6677"]]'
    assert text.endswith(end)
    return record_from_wkt(f"{text.removesuffix(end)},{first},{second}{end}")


@pytest.mark.parametrize(
    ("record", "at", "said"),
    [
        (keys(6679), SHINJUKU, "in EPSG:6677 they fit, at longitude 139.69"),
        (keys(32654), SHINJUKU, "give --crs EPSG:6677"),
        (keys(6677), UTM_54, "in EPSG:6691 they fit, at longitude 139.69"),
        (keys(32653), UTM_54, "--crs EPSG:32654 --force-crs"),
        (keys(32754), UTM_54, "but in EPSG:6691 they lie inside it, at longitude 139.69"),
        (keys(2443), SHINJUKU, "--crs EPSG:6677 --force-crs"),
        (keys(6677), shifted(0, 1e6), "with 1,000,000 m taken off the northing they fit"),
        (keys(6677), shifted(1e6, 0), "with 1,000,000 m taken off the easting they fit"),
        (
            keys(6668),
            SHINJUKU,
            "counts in degrees, but its coordinates, -12818.8 and -34428.1, are",
        ),
        (keys(4978), (-3954887.0, 3354973.0, 3700318.0), "metres from the earth's centre"),
        (
            with_axes('AXIS["X",SOUTH]', 'AXIS["Y",WEST]'),
            SHINJUKU,
            "counts southwards, but coordinates are taken",
        ),
        (keys(6677, k4099=9002), SHINJUKU, "its elevations are in foot"),
        (keys(6677, k4096=4979), SHINJUKU, "its CRS says elevations are 'Ellipsoidal height'"),
    ],
)
def test_the_likely_truth_is_told(record, at, said):
    message = refused(record, at=at, **TOKYO)
    assert said in message


@pytest.mark.parametrize("code", [6676, 32653])
def test_a_wrong_zone_keeps_its_family(code):
    wrong = SHINJUKU if code == 6676 else UTM_54
    assert f"--crs EPSG:{code + 1} --force-crs" in refused(keys(code), at=wrong, **TOKYO)


def test_elevations_alone_in_feet_are_told_where_the_ground_is_known():
    message = refused(keys(6677), at=SHINJUKU * [1, 1, 1 / 0.3048], **TOKYO)
    assert "lies between -15 and 56 m; taken as feet they fit (39.5 to 40.5 m)" in message
    assert "convert the scan to metres first" in message


def test_a_part_of_a_record_that_is_not_used_is_told():
    """The configuration says what elevations are, whatever the nonsense in the record was for."""
    (warning,) = place(keys(6677, k4096=6678), at=SHINJUKU, **TOKYO).warnings
    assert "EPSG:6678 in its keys is not a vertical CRS" in warning


def test_a_high_place_is_no_unit():
    """A roof 90 m above the street is warned of; as feet it would stand below Shinjuku's ground."""
    (warning,) = place(keys(6677), at=lifted(SHINJUKU, 320.0), **TOKYO).warnings
    assert "check unit and datum" in warning


def test_axes_that_would_lead_to_mountains_are_no_explanation_of_a_plain():
    yokohama = np.array([-17728.1, -61696.9, 3.0])
    (warning,) = place(keys(6677), at=yokohama, **TOKYO).warnings
    assert "near Yokohama" in warning
    assert "outside of the area of work" in warning


def test_a_shift_of_a_million_is_only_told_where_it_leads_home():
    far = refused(keys(6677), at=(5e6, 5e6, 40.0), **TOKYO)
    assert "1,000,000" not in far
