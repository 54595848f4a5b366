"""When a dropped file counts as complete."""

from pydantic import BaseModel, ConfigDict, Field


class WatchOptions(BaseModel):
    """Section `watch`: the intake of dropped scans."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval_s: float = Field(
        10.0, gt=0, description="how often the folder is looked at, seconds; network drives tell "
        "no news by themselves",
    )  # fmt: skip
    settle_s: float = Field(
        15.0, ge=0, description="how long size and time of a file must stay the same before it "
        "counts as copied, seconds",
    )  # fmt: skip
    give_up_s: float = Field(
        900.0, ge=0, description="after how long without a change a file that still lacks bytes, "
        "or a manifest whose scans have not come, is answered as incomplete, seconds",
    )  # fmt: skip
