"""Options of following and joining."""

from pydantic import BaseModel, ConfigDict, Field

STEP_PER_RADIUS = 0.4
"""Distance of a run's stations."""


class TraceOptions(BaseModel):
    """Options of following."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_strength_rad: float = Field(
        1.0, gt=0.0, description="least mean angle covered by a seed's patches, radians"
    )
    max_bend_deg: float = Field(
        100.0, gt=0.0, description="largest change of direction within a bridged gap, degrees"
    )
    max_gap_m: float = Field(
        2.0, gt=0.0, description="longest hidden stretch that is bridged, metres"
    )
    min_length_m: float = Field(0.3, gt=0.0, description="shortest pipe reported, metres")
    min_length_diameters: float = Field(
        2.5, gt=0.0, description="shortest pipe reported, in outer diameters"
    )
    min_purity: float = Field(
        0.6,
        gt=0.0,
        lt=1.0,
        description="least share of a tube's surroundings that must fit it, ratio",
    )
