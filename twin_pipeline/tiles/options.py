"""How points become tiles."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from twin_pipeline.tiles.wanted import ALWAYS, ASKED


class Compression(StrEnum):
    """How vertex data is packed: points losslessly, pipes to 0.06 mm."""

    MESHOPT = "meshopt"
    NONE = "none"


class TilesVersion(StrEnum):
    """Version of 3D Tiles, and with it the format of the points."""

    GLB = "1.1"
    PNTS = "1.0"


class Attribute(StrEnum):
    """A scan's dimension that point tiles can carry."""

    RGB = "rgb"
    INTENSITY = "intensity"
    CLASSIFICATION = "classification"
    RETURN_NUMBER = "return_number"
    WITHHELD = "withheld"
    GPS_TIME = "gps_time"
    ALL = "all"


def _listed(value: object) -> object:
    """Take names with commas between them, as a flag or the environment gives them."""
    if isinstance(value, str):
        return tuple(name.strip().lower() for name in value.split(",") if name.strip())
    return value


class TilesOptions(BaseModel):
    """Options of the point tiles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points_per_tile: int = Field(
        100_000, ge=1_000, le=1_000_000, description="most points in one tile [points]"
    )
    attributes: Annotated[tuple[Attribute, ...], BeforeValidator(_listed)] = Field(
        (),
        description="carried beside colour, intensity and classification: return_number, "
        "withheld, gps_time, or all",
    )
    resolution_m: float = Field(
        0.0,
        ge=0.0,
        le=0.1,
        description="grid to which coordinates are kept; 0 is the scan file's own scale, which "
        "loses nothing [m]",
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
    tiles_version: TilesVersion = Field(
        TilesVersion.GLB, description="3D Tiles 1.1 (GLB), or 1.0 (pnts) for older viewers"
    )
    threads: int = Field(0, ge=0, description="threads that build tiles; 0 is one a core [threads]")

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the LAS dimensions that tiles carry wherever a scan has them."""
        every = Attribute.ALL in self.attributes
        return (*ALWAYS, *(name for name in ASKED if every or name in self.attributes))

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the LAS dimensions that are asked for one by one."""
        names = [str(name) for name in self.attributes if name is not Attribute.ALL]
        return tuple(n for name in names for n in (ALWAYS[:3] if name == "rgb" else (name,)))
