"""Whether pictures are drawn, and where."""

from pydantic import BaseModel, ConfigDict, Field


class DebugOptions(BaseModel):
    """Options of the pictures of every stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str | None = Field(
        None, description="draw pictures of every stage into this folder, a subfolder a site"
    )
