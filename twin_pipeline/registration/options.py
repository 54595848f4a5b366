"""What the user can say about control points."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Model = Literal["rigid", "similarity"]
Align = Literal["auto", "icp", "none"]


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
    align: Align = Field(
        default="auto",
        description="whether several scans of one site are aligned to the first (ICP, by Open3D): "
        "icp, none, or auto, which does it where Open3D is installed; scans that all have control "
        "points of their own stay where these put them",
    )
    align_reach_m: float = Field(
        default=0.3,
        gt=0.0,
        le=2.0,
        description="how far from its place a scan may be before it is aligned, metres",
    )
    min_overlap: float = Field(
        default=0.3,
        gt=0.0,
        le=1.0,
        description="least share of a scan that must agree with the others within 30 mm, ratio",
    )
    max_alignment_rms_m: float = Field(
        default=0.01,
        gt=0.0,
        description="largest distance of an aligned scan from the others' surfaces, rms, metres",
    )
