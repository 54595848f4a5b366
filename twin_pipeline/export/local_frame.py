"""From longitude, latitude and height to a site's own coordinates, as polynomials.

A page in a browser has neither PROJ nor the geoid. Over a site both are so smooth that polynomials
of the second degree keep to a tenth of a millimetre; how far they do is measured and stated.
"""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.export.attributes import SiteGeoreference
from twin_pipeline.model import FloatArray

_MARGIN_M = 30.0
_ABOVE_M = 20.0
_STEPS = 5


@dataclass(frozen=True, slots=True, eq=False)
class LocalFrame:
    """Polynomials in degrees and metres from an origin."""

    origin: FloatArray
    """(3,) longitude (deg), latitude (deg), ellipsoidal height (m)."""
    coefficients: FloatArray
    """(3, 10) of easting, northing, elevation; the order of terms is that of `terms`."""
    max_error_m: float
    """Greatest difference from the exact conversion over the site and 30 m around it."""


def fit_frame(georeference: SiteGeoreference, lower: FloatArray, upper: FloatArray) -> LocalFrame:
    """Return the frame of a box of the scan frame, (3,) lowest and (3,) highest coordinates."""
    xyz = _lattice(lower, upper, _STEPS)
    geographic = georeference.to_geographic(xyz)
    origin = geographic[len(geographic) // 2]
    solved = np.asarray(
        np.linalg.lstsq(terms(geographic - origin), xyz, rcond=None)[0], dtype=np.float64
    )
    between = _lattice(lower, upper, _STEPS + 1)
    found = terms(georeference.to_geographic(between) - origin) @ solved
    return LocalFrame(origin, solved.T, float(np.abs(found - between).max()))


def terms(offset: FloatArray) -> FloatArray:
    """Return (N, 10): 1, x, y, z, xx, xy, yy, xz, yz, zz, with degrees scaled to some metres."""
    x, y, z = (offset * np.array([1e5, 1e5, 1.0])).T
    return np.column_stack((np.ones(len(x)), x, y, z, x * x, x * y, y * y, x * z, y * z, z * z))


def _lattice(lower: FloatArray, upper: FloatArray, steps: int) -> FloatArray:
    """Return (steps^3, 3) points that fill the box and a margin around it."""
    margin = np.array([_MARGIN_M, _MARGIN_M, _ABOVE_M])
    axes = np.linspace(lower - margin, upper + margin, steps).T
    return np.column_stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
