"""Taking a CRS apart, and telling whether two of them mean the same."""

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

SAME_PLACE_M = 0.001
# PROJ's own measure; below it a CRS has no more than its name in common with EPSG's.
_LIKELY = 20


def epsg_name(crs: CRS) -> str:
    """Return EPSG:code where there is one, else the CRS's name."""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code is not None else crs.name


def split(crs: CRS) -> tuple[CRS, CRS | None]:
    """Return the horizontal part and the vertical CRS, None where heights aren't part of it.

    The horizontal part is EPSG's own definition where that means the same, so that its code and
    its area of use are known.
    """
    if crs.is_compound:
        horizontal, vertical = crs.sub_crs_list[:2]
        return _canonical(horizontal), vertical
    flat = crs.to_2d() if crs.is_projected and has_ellipsoidal_height(crs) else crs
    return _canonical(flat), None


def _canonical(crs: CRS) -> CRS:
    code = crs.to_epsg(min_confidence=_LIKELY)
    if code is None:
        return crs
    official = CRS.from_epsg(code)
    same_axes = len(official.axis_info) == len(crs.axis_info)
    return official if same_axes and same_horizontal(crs, official) else crs


def has_ellipsoidal_height(crs: CRS) -> bool:
    """Whether a third axis stands for the height above the ellipsoid."""
    # A compound CRS counts as projected, or geographic, by its first part.
    return not crs.is_compound and len(crs.axis_info) == 3


def same_crs(first: CRS, second: CRS) -> bool:
    """Whether two CRSs give the same meaning to a scan's numbers, whatever they are called.

    Horizontal parts are the same where they put the same place at the same coordinates within a
    millimetre; vertical parts are compared only where both have one.
    """
    (h_first, v_first), (h_second, v_second) = split(first), split(second)
    if {v_first is None, v_second is None} == {True, False} and (
        has_ellipsoidal_height(first) or has_ellipsoidal_height(second)
    ):
        return False
    if v_first is not None and v_second is not None and v_first.to_epsg() != v_second.to_epsg():
        return False
    return same_horizontal(h_first, h_second)


def same_horizontal(first: CRS, second: CRS) -> bool:
    """Whether the horizontal parts agree, see `same_crs`."""
    if first.equals(second, ignore_axis_order=True):
        return True
    if not (first.is_projected and second.is_projected):
        return False
    if not _same_datum(first, second):
        return False
    try:
        return bool(np.abs(_probe(first) - _probe_at(second, first)).max() < SAME_PLACE_M)
    except (CRSError, ProjError):
        return False


def _same_datum(first: CRS, second: CRS) -> bool:
    (first_code, first_name), (second_code, second_name) = _datum(first), _datum(second)
    same_code = first_code is not None and first_code == second_code
    return same_code or first_name == second_name


def _datum(crs: CRS) -> tuple[int | None, str]:
    geodetic = crs.geodetic_crs
    if geodetic is None or geodetic.datum is None:
        return None, crs.name
    return geodetic.to_epsg(min_confidence=_LIKELY), _plain(geodetic.datum.name)


def _plain(name: str) -> str:
    """Fold ESRI's and EPSG's spellings of a datum's name."""
    folded = "".join(letter for letter in name.lower() if letter.isalnum())
    return folded.removeprefix("d").removesuffix("ensemble")


def _probe(crs: CRS) -> np.ndarray:
    return _probe_at(crs, crs)


def _probe_at(crs: CRS, place: CRS) -> np.ndarray:
    area = place.area_of_use
    west, south, east, north = area.bounds if area is not None else (138.4, 34.8, 141.1, 38.0)
    lon_deg = np.linspace(west, east, 5)[1:-1]
    lat_deg = np.linspace(south, north, 5)[1:-1]
    transformer = Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    return np.array(transformer.transform(lon_deg, lat_deg, errcheck=True))
