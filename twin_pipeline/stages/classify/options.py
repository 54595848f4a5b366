"""Options of roles."""

from pydantic import BaseModel, ConfigDict, Field


class ClassifyOptions(BaseModel):
    """Options of roles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_parallel_deg: float = Field(
        25.0, gt=0.0, description="largest angle of a second main to the first, degrees"
    )
    min_main_length_m: float = Field(1.5, gt=0.0, description="shortest main, metres")
    steep_deg: float = Field(
        50.0,
        gt=0.0,
        lt=90.0,
        description="slope above which a tube in a trench is no pipe, degrees",
    )
    strut_perpendicular_deg: float = Field(
        6.0, gt=0.0, description="how square to the trench a strut stands, degrees"
    )
    strut_level_deg: float = Field(4.0, gt=0.0, description="how level a strut lies, degrees")
    utility_cover_m: float = Field(
        0.5,
        gt=0.0,
        description="cover above which a thin level tube square to the trench is a strut, metres",
    )
    max_strut_diameter_m: float = Field(0.15, gt=0.0, description="thickest round strut, metres")
    max_cable_diameter_m: float = Field(
        0.044,
        ge=0.0,
        description="what runs along a trench and is thinner is a cable or a hose, metres",
    )
    max_roughness: float = Field(
        1.7, gt=1.0, description="scatter of a pipe's points over that of the best seen one, ratio"
    )
