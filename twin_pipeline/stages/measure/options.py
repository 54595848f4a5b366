"""What steers the adjustment."""

from pydantic import BaseModel, ConfigDict, Field


class MeasureOptions(BaseModel):
    """Options of the adjustment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stiff_curvature_per_m: float = Field(
        0.03, gt=0.0, description="curvature below which an axis counts as straight, 1/metres"
    )
    radius_floor_m: float = Field(
        0.00005, ge=0.0, description="systematic part of a radius' standard deviation, metres"
    )
    noise_bias: float = Field(
        0.25,
        ge=0.0,
        description="systematic part that comes from noise, in units of noise squared by radius",
    )
    drift_share: float = Field(
        0.35, ge=0.0, description="of a scan's drift that goes into the radius, ratio"
    )
    oval_share: float = Field(
        0.02, gt=0.0, lt=1.0, description="of pipes that are oval, before anything is seen, ratio"
    )
    oval_amplitude: float = Field(
        0.006,
        gt=0.0,
        description="1 sigma of an oval's amplitude: a quarter of its axes' difference, by radius",
    )
    min_arc_deg: float = Field(45.0, gt=0.0, description="arc that counts as observed, degrees")
