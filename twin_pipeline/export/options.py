"""What the user can say about further attribute formats."""

from pydantic import ConfigDict, Field

from twin_pipeline.export.citygml_options import CityGmlOptions


class ExportOptions(CityGmlOptions):
    """Section `export`: what is written beside the files that every run has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formats: tuple[str, ...] = Field(
        (), description="formats that a run writes to OUT/export, see docs/formats.md"
    )
    profile: str | None = Field(
        None,
        description="profile file of format profile: an owner's columns, codes, units and "
        "encoding, see docs/formats.md",
    )
    crs: str | None = Field(
        None,
        description="CRS of the formats that write a map projection: EPSG:code; without it that "
        "of the scan",
    )
