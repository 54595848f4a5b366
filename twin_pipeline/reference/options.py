"""What the user can say about boundary, design and cover."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from twin_pipeline.crs.options import AxisOrder, CrsName
from twin_pipeline.model import LevelKind

LevelDatum = Literal["scan", "jgd2011", "jgd2024", "ap", "yp", "ellipsoidal"]
"""What levels of a design count from; scan: as the scan's elevations."""


def _anywhere(path: Path) -> Path:
    """Return the absolute path, so that any folder may run again."""
    return path.expanduser().absolute()


LinesFile = Annotated[Path, AfterValidator(_anywhere)]

_FILE = "GeoJSON, CSV, DXF or LandXML"
_CRS = "CRS of the file: EPSG:code; without it what the file says, and else that of the scan"
_ORDER = (
    "order of the file's coordinates: en (easting first) or ne (survey X = north first); without "
    "it what the file says, and else the order in which the line lies at the site"
)


class BoundaryOptions(BaseModel):
    """Section `boundary`: the line from which offsets are taken (官民境界)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: LinesFile | None = Field(None, description=f"the boundary line: {_FILE}")
    line: str | None = Field(
        None, description="layer or name of the line, for files that hold several; * stands for any"
    )
    crs: CrsName | None = Field(None, description=_CRS)
    axis_order: AxisOrder | None = Field(None, description=_ORDER)


class DesignOptions(BaseModel):
    """Section `design`: the designed lines with levels, and what may differ from them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: LinesFile | None = Field(
        None, description=f"the designed centrelines with levels: {_FILE}"
    )
    line: str | None = Field(
        None, description="layer or name of the lines, for files that hold others; * stands for any"
    )
    crs: CrsName | None = Field(None, description=_CRS)
    axis_order: AxisOrder | None = Field(None, description=_ORDER)
    level: LevelKind = Field(
        LevelKind.CENTRE, description="what the levels are of: centre, crown or invert of the pipe"
    )
    vertical: LevelDatum | None = Field(
        None,
        description="what levels count from: scan (as the scan's elevations), jgd2011, jgd2024, "
        "ap, yp, ellipsoidal; without it as the scan's, but for GeoJSON it must be said",
    )
    plan_tolerance_m: float = Field(
        0.05, gt=0.0, description="largest distance from the designed line in plan, metres"
    )
    level_tolerance_m: float = Field(
        0.03, gt=0.0, description="largest difference from the designed level, metres"
    )
    cover_tolerance_m: float = Field(
        0.03, gt=0.0, description="largest difference from the designed cover, metres"
    )


class CoverOptions(BaseModel):
    """Section `cover`: the rules of cover, 道路法施行令第11条の3."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regular_m: float = Field(
        1.2, gt=0.0, description="cover that mains must exceed as a rule, metres"
    )
    least_m: float = Field(
        0.6, gt=0.0, description="cover that mains must exceed where it can't be helped, metres"
    )
