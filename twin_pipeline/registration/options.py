"""What the user can say about control points."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Model = Literal["rigid", "similarity"]


def _as_file(value: str) -> str:
    """Return the file's absolute path, so that any folder may run again."""
    path = Path(value.strip()).expanduser()
    if not path.is_file():
        raise ValueError(f"{value!r} is no file: give a CSV of control points")
    return str(path.absolute())


class RegistrationOptions(BaseModel):
    """Section `registration`: how scans are moved onto control points."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gcp: Annotated[str, AfterValidator(_as_file)] | None = Field(
        default=None,
        description="CSV of control points: name, easting, northing, elevation, and where each is "
        "in the scan: scan_x, scan_y, scan_z, all in metres",
    )
    model: Model = Field(
        default="rigid",
        description="rigid (turned and moved), or similarity (scaled too)",
    )
    max_residual_m: float = Field(
        default=0.05,
        gt=0.0,
        description="gate: largest distance of a control point from where it should be, and "
        "largest 1 sigma that the control points leave anywhere in the scan, metres",
    )
    target_std_m: float = Field(
        default=0.005,
        gt=0.0,
        description="least 1 sigma of a control point along each axis, its survey and its picking "
        "together, metres; a column std_m says it for each",
    )
