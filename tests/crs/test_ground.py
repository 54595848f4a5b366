"""Heights above the ellipsoid and above the sea, told apart by the ground, or said to be open."""

import numpy as np
import pytest
from pyproj import Transformer

from tests.crs.places import place, refused
from twin_pipeline.crs import record_from_geokeys
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.crs.relief import relief_at

# Zone, longitude, latitude, height of the street above T.P. (m, from GSI's maps).
FLAT = {
    "Koto": (9, 139.82, 35.67, 0.5),
    "Shinjuku": (9, 139.695, 35.69, 37.0),
    "Suginami": (9, 139.63, 35.70, 45.0),
    "Koganei": (9, 139.50, 35.71, 72.0),
    "Koshigaya": (9, 139.79, 35.89, 5.0),
    "Kawasaki": (9, 139.71, 35.525, 2.0),
    "Osaka": (6, 135.47, 34.68, 1.0),
    "Higashiosaka": (6, 135.60, 34.68, 4.0),
    "Tsushima": (7, 136.73, 35.17, 0.0),
    "Shirone": (8, 139.05, 37.78, 2.0),
    "Natori": (10, 140.93, 38.17, 3.0),
    "Saga": (2, 130.30, 33.24, 3.0),
    "Sapporo": (12, 141.38, 43.13, 8.0),
    "Sakata": (10, 139.87, 38.90, 6.0),
}
HILLS = {
    "Hachioji": (9, 139.32, 35.66, 115.0),
    "Yokohama's hills": (9, 139.56, 35.47, 60.0),
    "Chiba's terrace": (9, 140.20, 35.62, 48.0),
    "Kobe's slope": (5, 135.20, 34.71, 90.0),
    "Makomanai": (12, 141.35, 42.99, 80.0),
    "Nagano": (8, 138.19, 36.65, 370.0),
    "Shuri": (15, 127.72, 26.22, 110.0),
    "Aso": (2, 131.05, 32.95, 500.0),
}
SHORES = {
    "Naha": (15, 127.67, 26.21, 3.0),
    "Kochi": (4, 133.53, 33.56, 2.0),
    "Fukuoka": (2, 130.40, 33.60, 4.0),
    "Hakodate": (11, 140.73, 41.78, 4.0),
    "Ishigaki": (16, 124.16, 24.34, 6.0),
    "Kobe": (5, 135.19, 34.67, 3.0),
}
KINDS = {"JGD2011 heights": 6695, "ellipsoidal heights": 5019}


def located(spot, *, ellipsoidal, kind, **options):
    zone, lon, lat, height_m = spot
    forward = Transformer.from_crs("EPSG:6668", f"EPSG:{6668 + zone}", always_xy=True)
    raised = undulation(spot) if ellipsoidal else 0.0
    record = record_from_geokeys({3072: 6668 + zone, 4096: kind})
    return {"record": record, "at": (*forward.transform(lon, lat), height_m + raised)} | options


def undulation(spot):
    return float(undulation_m("gsigeo2011", np.array([spot[1]]), np.array([spot[2]]))[0])


@pytest.mark.parametrize("spot", (FLAT | SHORES).values(), ids=FLAT | SHORES)
def test_true_heights_of_low_ground_pass_without_a_word(spot):
    assert place(**located(spot, ellipsoidal=False, kind=6695)).warnings == ()


@pytest.mark.parametrize("spot", FLAT.values(), ids=FLAT)
def test_ellipsoidal_heights_called_tp_are_told_where_the_ground_is_known(spot):
    message = refused(**located(spot, ellipsoidal=True, kind=6695))
    assert "likely ellipsoidal" in message
    assert "--vertical ellipsoidal --force-crs" in message
    mended = located(spot, ellipsoidal=True, kind=6695, vertical="ellipsoidal", force_crs=True)
    assert place(**mended).vertical_name == "Ellipsoidal height"


@pytest.mark.parametrize("spot", (FLAT | SHORES).values(), ids=FLAT | SHORES)
def test_tp_called_ellipsoidal_is_told_there_and_on_any_shore(spot):
    message = refused(**located(spot, ellipsoidal=False, kind=5019))
    assert "likely above sea level" in message
    assert "--vertical jgd2011 --force-crs" in message


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("ellipsoidal", [False, True])
@pytest.mark.parametrize("spot", HILLS.values(), ids=HILLS)
def test_in_hills_both_are_named_and_nothing_is_stopped(spot, ellipsoidal, kind):
    (warning,) = place(**located(spot, ellipsoidal=ellipsoidal, kind=kind)).warnings
    assert "nothing tells" in warning
    stated = spot[3] + (undulation(spot) if ellipsoidal else 0.0)
    other = stated + (undulation(spot) if kind == 5019 else -undulation(spot))
    assert f"{stated - (undulation(spot) if kind == 5019 else 0.0) - 1.5:.1f} to" in warning
    assert f"{other - (undulation(spot) if kind == 5019 else 0.0) - 1.5:.1f} to" in warning


@pytest.mark.parametrize("spot", HILLS.values(), ids=HILLS)
def test_the_ground_s_range_or_the_flag_settles_it_there(spot):
    around = (spot[3] - 15.0, spot[3] + 15.0)
    assert (
        place(**located(spot, ellipsoidal=False, kind=6695, ground_range_m=around)).warnings == ()
    )
    message = refused(**located(spot, ellipsoidal=True, kind=6695, ground_range_m=around))
    assert "likely ellipsoidal" in message
    assert place(**located(spot, ellipsoidal=False, kind=6695, vertical="jgd2011")).warnings == ()


@pytest.mark.parametrize("spot", FLAT.values(), ids=FLAT)
def test_the_limits_leave_the_geoid_no_room(spot):
    """A street at its known height, raised by the geoid, must stand above all known ground."""
    known = relief_at(spot[1], spot[2])
    assert known.unreached_m > spot[3] + 8.0
    assert spot[3] + undulation(spot) - 1.5 > known.unreached_m
    assert known.lowest_m < spot[3] - 5.0
    assert spot[3] - undulation(spot) + 1.5 < known.lowest_m
