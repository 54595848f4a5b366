"""What the user can say about coordinates and heights."""

import datetime as dt
import math
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

VERTICAL_KEYS = ("jgd2011", "jgd2024", "ap", "yp", "egm2008", "egm96", "ellipsoidal")
EMBEDDED_GEOIDS = ("gsigeo2011", "jpgeo2024")
AxisOrder = Literal["en", "ne"]

LOCAL = "local"


def _as_crs_name(value: object) -> object:
    """Let a bare EPSG number stand for its code."""
    if isinstance(value, int) or (isinstance(value, str) and value.strip().isdigit()):
        return f"EPSG:{int(value)}"
    return value.strip() if isinstance(value, str) else value


def _as_vertical(value: str) -> str:
    name = value.strip()
    if name.lower() in VERTICAL_KEYS:
        return name.lower()
    code = re.fullmatch(r"(?:EPSG:)?(\d{4,6})", name, re.IGNORECASE)
    if code is None:
        allowed = ", ".join(map(repr, VERTICAL_KEYS))
        raise ValueError(f"{name!r} is none of {allowed} or EPSG:code")
    return f"EPSG:{code[1]}"


def _as_geoid(value: str) -> str:
    """Return a model's name, or a file's absolute path, so that any folder may run again."""
    name = value.strip()
    if name.lower() in EMBEDDED_GEOIDS:
        return name.lower()
    path = Path(name).expanduser()
    if not path.is_file():
        raise ValueError(
            f"{name!r} is neither {' nor '.join(EMBEDDED_GEOIDS)} nor a grid file (GTX, ISG, "
            "GeoTIFF)"
        )
    return str(path.absolute())


def _as_ring(area: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if len(area) < 3:
        raise ValueError(f"an area needs three corners or more, not {len(area)}")
    for lon_deg, lat_deg in area:
        if not (abs(lon_deg) <= 180 and abs(lat_deg) <= 90):
            raise ValueError(f"corner {lon_deg}, {lat_deg} is not on earth: [lon, lat]")
    return area


def _as_range(limits: tuple[float, float]) -> tuple[float, float]:
    if not limits[0] < limits[1]:
        raise ValueError("the first elevation must be below the second")
    return limits


def _as_triple(value: object) -> object:
    """Split the command line's LON,LAT,HEIGHT."""
    return value.split(",") if isinstance(value, str) else value


def _on_earth(origin: tuple[float, float, float]) -> tuple[float, float, float]:
    lon_deg, lat_deg, height_m = origin
    if not all(math.isfinite(value) for value in origin):
        raise ValueError("the origin must be three finite numbers")
    if abs(lon_deg) > 180 or abs(lat_deg) > 90:
        raise ValueError(f"longitude {lon_deg}, latitude {lat_deg} is not on earth: LON,LAT,HEIGHT")
    if abs(height_m) > 10_000:
        raise ValueError(f"height {height_m} m is not near the ellipsoid")
    return origin


VerticalName = Annotated[str, AfterValidator(_as_vertical)]
GeoidName = Annotated[str, AfterValidator(_as_geoid)]
Area = Annotated[tuple[tuple[float, float], ...], AfterValidator(_as_ring)]
Elevations = Annotated[tuple[float, float], AfterValidator(_as_range)]
CrsName = Annotated[str, BeforeValidator(_as_crs_name)]
Origin = Annotated[
    tuple[float, float, float], BeforeValidator(_as_triple), AfterValidator(_on_earth)
]


class CrsOptions(BaseModel):
    """Section `crs`: what the scan's coordinates and heights mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crs: CrsName | None = Field(
        default=None,
        description="CRS of the scan: EPSG:code, WKT, or 'local' (metres around `origin`); "
        "without it the scan's own record holds",
    )
    force_crs: bool = Field(
        default=False,
        description="let the settings win over a contradicting record in the scan, and take "
        "coordinates and elevations that look wrong as they are",
    )
    default_crs: CrsName | None = Field(
        default=None, description="CRS of scans that carry no CRS record: EPSG:code or WKT"
    )
    vertical: VerticalName | None = Field(
        default=None,
        description="what elevations are: jgd2011 or jgd2024 (T.P., metres above Tokyo Bay mean "
        "sea level), ap (A.P. = T.P. + 1.1344 m), yp (Y.P. = T.P. + 0.8402 m), egm2008, egm96, "
        "EPSG:code of a vertical CRS, ellipsoidal",
    )
    vertical_offset_m: float = Field(
        default=0.0,
        ge=-100.0,
        le=100.0,
        description="for a work datum: what an elevation of the scan reads where `vertical` reads "
        "zero, metres",
    )
    geoid: GeoidName | None = Field(
        default=None,
        description="geoid model the elevations refer to: gsigeo2011, jpgeo2024, or a GTX, ISG or "
        "GeoTIFF file of undulations; without it the one that belongs to `vertical`",
    )
    survey_date: dt.date | None = Field(
        default=None,
        description="day of the survey, such as 2026-02-14; without it the file's own date holds",
    )
    axis_order: AxisOrder | None = Field(
        default=None,
        description="order in which the file stores its first two coordinates: en (easting "
        "first, as LAS has it) or ne (survey X = north first); without it en where nothing else "
        "fits, and a run asks where both do",
    )
    origin: Origin | None = Field(
        default=None,
        description="for crs = 'local': longitude (deg), latitude (deg), ellipsoidal height (m) "
        "of the scan's zero; x is east, y north, z up",
    )
    area: Area | None = Field(
        default=None,
        description="outline of the area of work, [[lon, lat], ...] in degrees: a scan outside of "
        "it that fits with exchanged axes or in another unit is refused, any other is warned of",
    )
    ground_range_m: Elevations | None = Field(
        default=None,
        description="lowest and highest elevation that ground can have where the scans are, "
        "metres; without it known limits of Tokyo and of the earth hold",
    )
