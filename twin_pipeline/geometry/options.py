"""When a cloud is worked on in pieces, and how large they are."""

from pydantic import BaseModel, ConfigDict, Field

LEAST_MB = 1000.0


class PiecesOptions(BaseModel):
    """Section `pieces`: scans larger than the memory. What is found does not hang on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory_mb: float | None = Field(
        None,
        ge=LEAST_MB,
        description="memory that a site may take; a scan that needs more is kept on the disk and "
        "worked on in pieces; by default a part of what is free, megabytes",
    )
    points: int | None = Field(
        None,
        ge=1_000,
        description="most points of a piece: scans with more are worked on in pieces even if "
        "they fit into the memory; by default what the memory allows, points",
    )
