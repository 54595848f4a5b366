"""What the user can say about coordinates and heights."""

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

VerticalKey = Literal["jgd2011", "jgd2024", "ellipsoidal", "ap"]
GeoidKey = Literal["gsigeo2011", "jpgeo2024"]
AxisOrder = Literal["en", "ne"]

LOCAL = "local"


def _as_crs_name(value: object) -> object:
    """Let a bare EPSG number stand for its code."""
    if isinstance(value, int) or (isinstance(value, str) and value.strip().isdigit()):
        return f"EPSG:{int(value)}"
    return value.strip() if isinstance(value, str) else value


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
        description="let crs and vertical win over a contradicting record in the scan",
    )
    default_crs: CrsName | None = Field(
        default=None, description="CRS of scans that carry no CRS record: EPSG:code or WKT"
    )
    vertical: VerticalKey | None = Field(
        default=None,
        description="what elevations are: jgd2011 or jgd2024 (T.P., metres above Tokyo Bay mean "
        "sea level), ap (A.P. = T.P. + 1.1344 m), ellipsoidal",
    )
    geoid: GeoidKey | None = Field(
        default=None,
        description="geoid model the elevations refer to: gsigeo2011 or jpgeo2024; without it "
        "the one that belongs to `vertical`",
    )
    axis_order: AxisOrder | None = Field(
        default=None,
        description="order in which the file stores its first two coordinates: en (easting "
        "first, the LAS convention and the default) or ne (survey X = north first)",
    )
    origin: Origin | None = Field(
        default=None,
        description="for crs = 'local': longitude (deg), latitude (deg), ellipsoidal height (m) "
        "of the scan's zero; x is east, y north, z up",
    )
