"""How counts are joined, and what sensor counts are held to."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class CountsOptions(BaseModel):
    """Section `counts`: the comparison of sensor counts with manual counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bin_minutes: Literal[5, 10, 15, 20, 30, 60] = Field(
        15, description="length of the bins that are compared; finer counts are added up, minutes"
    )
    max_offset_min: int = Field(
        60,
        ge=0,
        le=360,
        description="largest error of a sensor's clock that is looked for and corrected, minutes; "
        "0 joins bins as they are labelled",
    )
    geh_limit: float = Field(
        5.0, gt=0, description="GEH of hourly flows below which an hour counts as right"
    )
    geh_share_min: float | None = Field(
        0.85,
        ge=0,
        le=1,
        description="least share of hours with a GEH below geh_limit (0.85 below 5 is the usual "
        "criterion of traffic models); judged overall and for each site and direction",
    )
    matched_share_min: float | None = Field(
        0.8,
        ge=0,
        le=1,
        description="least share of the manual bins for which the sensor has a count",
    )
    bias_percent_max: float | None = Field(
        None, ge=0, description="largest total error either way, per cent of the manual total"
    )
    mape_percent_max: float | None = Field(
        None, ge=0, description="largest mean absolute percentage error of bins, per cent"
    )
    correlation_min: float | None = Field(
        None, ge=-1, le=1, description="least correlation of sensor and manual counts of bins"
    )
