"""Elevations: which zero they count from, and the way to the ellipsoid.

Ellipsoidal height = elevation - what an elevation reads on the geoid + geoid undulation. The
geoids of Japan are GSI's GSIGEO2011 (with JGD2011 heights) and JPGEO2024 (with JGD2024 heights,
in force since 2025-04-01); in Tokyo they differ by about 0.1 m, so that a mixture is refused.
"""

import re
from dataclasses import dataclass, replace

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError

from twin_pipeline.crs.codes import crs_from_text
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray


@dataclass(frozen=True, slots=True)
class VerticalDatum:
    """A zero of elevations."""

    key: str
    name: str
    epsg: int | None
    """EPSG code of the vertical CRS, whether or not the installed PROJ knows it."""
    above_geoid_m: float
    """What an elevation reads on the geoid: where T.P. reads zero."""
    geoid: str | None
    """The embedded geoid model that realises this datum; None where there is none."""
    ellipsoidal: bool = False
    """Whether elevations count from the ellipsoid itself."""

    def shifted(self, offset_m: float) -> "VerticalDatum":
        """Return the datum whose elevations read `offset_m` more."""
        return replace(
            self,
            key=f"{self.key}{offset_m:+g}",
            name=f"{self.name} {offset_m:+.4f} m",
            epsg=None,
            above_geoid_m=self.above_geoid_m + offset_m,
        )


VERTICAL_DATUMS: dict[str, VerticalDatum] = {
    datum.key: datum
    for datum in (
        VerticalDatum("jgd2011", "JGD2011 (vertical) height", 6695, 0.0, "gsigeo2011"),
        VerticalDatum("jgd2024", "JGD2024 (vertical) height", 11317, 0.0, "jpgeo2024"),
        # A.P. zero lies at T.P. -1.1344 m, Y.P. zero at T.P. -0.8402 m: work datums of the Meiji
        # era for the rivers and harbour of Tokyo, and for the Edo river.
        VerticalDatum("ap", "Arakawa Peil (A.P.) height", None, 1.1344, "gsigeo2011"),
        VerticalDatum("yp", "Yedogawa Peil (Y.P.) height", None, 0.8402, "gsigeo2011"),
        VerticalDatum("egm2008", "EGM2008 height", 3855, 0.0, None),
        VerticalDatum("egm96", "EGM96 height", 5773, 0.0, None),
        VerticalDatum("ellipsoidal", "Ellipsoidal height", None, 0.0, None, ellipsoidal=True),
    )
}

WORK_DATUMS = ("ap", "yp")
"""They count from T.P., whichever geoid realises that."""

_NAMED_BY_KEY = ("jgd2011", "jgd2024")
_OFFSET = re.compile(r"(.+) ([+-]\d+\.\d{4}) m")
_SAYS_NOTHING = frozenset({"unknown", "unnamed", "unnamedverticalcrs", "tp", "tokyopeil"})
"""T.P. alone leaves open which survey results realise it."""


@dataclass(frozen=True, slots=True)
class HeightSystem:
    """A vertical datum together with the geoid in use."""

    datum: VerticalDatum
    geoid: str | None
    """One of the embedded models or the path of a grid; None for ellipsoidal heights."""

    def undulation_m(self, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        """Return the geoid's height above the ellipsoid, zeros for ellipsoidal elevations.

        Parameters
        ----------
        lon_deg, lat_deg
            (N,) degrees, JGD2011 or WGS 84.

        Raises
        ------
        GeoreferenceError
            Where the geoid model has no value.
        UsageError
            When the geoid's file can't be read.
        """
        if self.geoid is None:
            return np.zeros(len(lon_deg))
        undulation = undulation_m(self.geoid, lon_deg, lat_deg)
        outside = np.isnan(undulation)
        if outside.any():
            first = int(np.argmax(outside))
            raise GeoreferenceError(
                f"geoid {self.geoid} has no value at longitude {lon_deg[first]:.6f}, latitude "
                f"{lat_deg[first]:.6f} ({np.count_nonzero(outside)} of {len(outside)} points): "
                "correct the CRS, or give --vertical ellipsoidal if elevations are ellipsoidal"
            )
        return undulation

    def ellipsoidal_offset_m(self, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        """Return ellipsoidal height minus elevation, (N,) metres."""
        return self.undulation_m(lon_deg, lat_deg) - self.datum.above_geoid_m


def says_nothing(vertical: CRS) -> bool:
    """Whether a vertical CRS is named so that its zero is not known, or not closely enough."""
    plain = "".join(letter for letter in vertical.name.lower() if letter.isalnum())
    return vertical.to_epsg() is None and plain in _SAYS_NOTHING


def datum_of(vertical: CRS) -> VerticalDatum:
    """Return the datum of a vertical CRS found in a scan or named by the user."""
    offset = _OFFSET.fullmatch(vertical.name)
    if offset is not None and (plain := _named(offset[1])) is not None:
        return plain.shifted(float(offset[2]))
    code = vertical.to_epsg()
    for datum in VERTICAL_DATUMS.values():
        if code is not None and code == datum.epsg:
            return datum
    if (found := _named(vertical.name)) is not None:
        return found
    key = f"EPSG:{code}" if code is not None else vertical.name
    return VerticalDatum(key, vertical.name, code, 0.0, None)


def _named(text: str) -> VerticalDatum | None:
    """Return the datum of a name as this program, EPSG or others spell it."""
    name = text.lower()
    for datum in VERTICAL_DATUMS.values():
        if name in (datum.name.lower(), datum.geoid):
            return datum
    if "ellipsoid" in name:
        return VERTICAL_DATUMS["ellipsoidal"]
    if "height" in name:
        return next((VERTICAL_DATUMS[k] for k in _NAMED_BY_KEY if name.startswith(k)), None)
    return None


def datum_named(name: str) -> VerticalDatum:
    """Return the datum of a key or an EPSG code.

    Raises
    ------
    GeoreferenceError
        When the code is no vertical CRS with heights in metres upwards.
    """
    if name in VERTICAL_DATUMS:
        return VERTICAL_DATUMS[name]
    try:
        vertical = crs_from_text(name)
    except CRSError as error:
        raise GeoreferenceError(f"{name} is not known") from error
    axes = vertical.axis_info
    if len(axes) != 1 or axes[0].direction != "up" or axes[0].unit_conversion_factor != 1:
        raise GeoreferenceError(f"{name} ({vertical.name}) is no vertical CRS in metres upwards")
    return datum_of(vertical)
