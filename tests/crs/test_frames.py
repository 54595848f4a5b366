"""A pipe far from any origin, south of the equator, or in a frame of its own, read back."""

import numpy as np
import pytest
from pyproj import Transformer

from tests.crs.known import result, written

MILLIMETRE = 1e-3
IN_PLANE = ("shapefile", "flatgeobuf", "dxf", "landxml")
# A point and what is said of it; what its heights are above the ellipsoid, by published values.
FRAMES = {
    "Tokyo, A.P.": ((-12818.761, -34428.095, 40.0), {"vertical": "ap"}, 37.0053 - 1.1344),
    "zone XIX, south and west of its zero": (
        (-1883.207, -190312.446, 27.5), {"crs": 6687, "vertical": "ellipsoidal"}, 0.0,
    ),
    "Melbourne, UTM 55S": (
        (320704.446, 5812911.7, 14.25), {"crs": 32755, "vertical": "ellipsoidal"}, 0.0,
    ),
    "Suva, UTM 60S": (
        (651853.1, 7995211.4, 61.2), {"crs": 32760, "vertical": "ellipsoidal"}, 0.0,
    ),
    "far in Soya, zone XII": (
        (-44120.5, 156180.75, 6.5), {"crs": 6680, "vertical": "jgd2011"}, None,
    ),
}  # fmt: skip


def ecef(code, point, above_ellipsoid_m):
    horizontal = Transformer.from_crs(code, 4326, always_xy=True)
    lon, lat = horizontal.transform(*point[:2])
    to_centre = Transformer.from_crs(4979, 4978, always_xy=True)
    return np.array(to_centre.transform(lon, lat, point[2] + above_ellipsoid_m))


def earth_centred(lonlat):
    return np.array(Transformer.from_crs(4979, 4978, always_xy=True).transform(*lonlat))


@pytest.mark.parametrize("frame", FRAMES)
def test_a_pipe_comes_back_from_every_output_within_a_millimetre(tmp_path, frame):
    point, options, undulation_m = FRAMES[frame]
    point = np.array(point)
    made = result(point, **options)
    found = written(made, tmp_path, IN_PLANE)
    if undulation_m is None:
        undulation_m = float(made.georeference.geoid_undulation_m(point[np.newaxis])[0])
    wanted = ecef(options.get("crs", 6677), point, undulation_m)
    assert np.linalg.norm(found["tiles"] - wanted) < MILLIMETRE
    assert np.linalg.norm(earth_centred(found["pipes.geojson"]) - wanted) < MILLIMETRE
    in_plane = {name: found[name] for name in ("pipes.gpkg", "stations.csv", *IN_PLANE)}
    in_plane["landxml"] = in_plane["landxml"][[1, 0, 2]]
    for name, coordinates in in_plane.items():
        assert np.abs(coordinates - point).max() < MILLIMETRE, name


def test_huge_local_coordinates_keep_their_millimetres(tmp_path):
    """Metres around an origin 80 km away: twice the reach of single precision in millimetres."""
    point, origin = np.array([61234.567, -52345.678, -480.123]), (139.69, 35.68, 77.0)
    made = result(point, crs="local", origin=origin)
    found = written(made, tmp_path, IN_PLANE)
    to_local = Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart "
        "+ellps=WGS84 +step +proj=topocentric +ellps=WGS84 "
        f"+lon_0={origin[0]} +lat_0={origin[1]} +h_0={origin[2]}"
    )
    back = np.array(to_local.transform(*found["pipes.geojson"]))
    assert np.abs(back - point).max() < MILLIMETRE
    wanted = earth_centred(found["pipes.geojson"])
    assert np.linalg.norm(found["tiles"] - wanted) < MILLIMETRE
    for name in ("pipes.gpkg", "stations.csv", "shapefile", "flatgeobuf", "dxf"):
        assert np.abs(found[name] - point).max() < MILLIMETRE, name
