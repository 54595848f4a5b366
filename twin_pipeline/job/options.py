"""Where the facts of the job are."""

from pydantic import BaseModel, ConfigDict, Field


class JobOptions(BaseModel):
    """Section `job`: what the job's papers say of the pipes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str | None = Field(
        None,
        description="job file, TOML or CSV keyed by site, with construction number, route, fiscal "
        "year, joint type and material, see docs/formats.md",
    )
