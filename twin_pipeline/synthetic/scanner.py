"""The scanner as it is described in a scene: device, path, and what goes wrong."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=0.5)]
Station = tuple[float, float, float]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pass(_Part):
    """One walk with the scanner, recorded from its first to its last station."""

    stations: tuple[Station, ...] = Field(
        min_length=1, description="chainage, offset and height above the pavement, m"
    )
    share: float = Field(default=1.0, gt=0, description="of the points, relative to other passes")
    shift_m: Station = Field(
        default=(0.0, 0.0, 0.0), description="error of registration along x, y, z, m"
    )


class Noise(_Part):
    """What separates the recorded points from the true surface."""

    range_m: NotNegative = Field(default=0.004, description="1 sigma along the ray, m")
    angle_rad: NotNegative = Field(default=0.001, description="1 sigma across the ray, rad")
    drift_m: NotNegative = Field(
        default=0.0, description="largest slow drift of the position along each axis, m"
    )
    drift_period_s: float = Field(default=20.0, gt=0, description="how slow the drift is, s")
    mixed_fraction: Fraction = Field(
        default=0.0, description="points hanging between an edge and what lies behind it"
    )
    outlier_fraction: Fraction = Field(default=0.0, description="points anywhere along the ray")
    grazing_deg: float = Field(
        default=87.0, gt=0, le=90, description="no return at this incidence; fading from 8 deg less"
    )


class Scanner(_Part):
    """A hand-held scanner and its walks."""

    device: Literal["phone", "spinning"] = Field(
        default="phone", description="time-of-flight camera, or spinning multi-line head"
    )
    passes: tuple[Pass, ...] = ()
    """Without any: once along the first trench, beside it and back on the other side."""
    speed_m_s: float = Field(default=0.5, gt=0, description="walking speed, m/s")
    sway_m: NotNegative = Field(default=0.04, description="rms of the hand's motion, m")
    min_range_m: NotNegative = 0.3
    max_range_m: float = Field(default=12.0, gt=0)
    points: int | None = Field(default=None, gt=0, description="returns to record in all")
    density_per_m2: float | None = Field(
        default=None, gt=0, description="mean over the plan of the trenches, points per m2"
    )
    voxel_m: NotNegative = Field(default=0.0, description="one point a voxel; 0 keeps all, m")
    noise: Noise = Noise()

    @model_validator(mode="after")
    def _one_amount(self) -> "Scanner":
        if self.points is not None and self.density_per_m2 is not None:
            raise ValueError("give points or density_per_m2, not both")
        return self
