"""How points become tiles."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Compression(StrEnum):
    """How the point tiles' vertex data is packed; both are lossless."""

    MESHOPT = "meshopt"
    NONE = "none"


class TilesOptions(BaseModel):
    """Options of the point tiles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points_per_tile: int = Field(
        100_000, ge=1_000, le=1_000_000, description="most points in one tile [points]"
    )
    resolution_m: float = Field(
        0.001,
        ge=0.0001,
        le=0.1,
        description="grid to which coordinates are kept; the scan file's own scale is lossless [m]",
    )
    error_per_spacing: float = Field(
        8.0,
        gt=0,
        le=100,
        description="geometric error of a tile in multiples of its point spacing; at the usual "
        "screen-space error of 16 pixels, 8 draws points 2 pixels apart [1]",
    )
    compression: Compression = Field(
        Compression.MESHOPT, description="vertex data: meshopt (EXT_meshopt_compression) or none"
    )
    threads: int = Field(0, ge=0, description="threads that build tiles; 0 is one a core [threads]")
