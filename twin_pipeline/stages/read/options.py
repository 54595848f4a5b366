"""How scans are read."""

from pydantic import BaseModel, ConfigDict, Field


class ReadOptions(BaseModel):
    """Options of reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salvage: bool = Field(
        default=False,
        description="use the points before the place where a scan is cut off or damaged, and say "
        "how many are missing; such a scan is an error otherwise",
    )
    pdal_pipeline: str | None = Field(
        default=None,
        description="JSON file with stages of a PDAL pipeline through which all scans are read; "
        "needs PDAL with its Python bindings (see environment.yml)",
    )
