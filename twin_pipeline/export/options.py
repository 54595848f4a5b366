"""What the user can say about further attribute formats."""

from pydantic import ConfigDict, Field, SecretStr, field_serializer

from twin_pipeline.export.citygml_options import CityGmlOptions
from twin_pipeline.export.dsn import masked


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
    dsn: SecretStr | None = Field(
        None,
        description="database of format postgis: postgresql://user@host/name; better given as "
        "TWIN_PIPELINE_EXPORT__DSN, and the password in ~/.pgpass, than written down",
    )
    database_schema: str = Field(
        "twin_pipeline", min_length=1, description="schema of the database that the tables are in"
    )
    crs: str | None = Field(
        None,
        description="CRS of the formats that write a map projection: EPSG:code; without it that "
        "of the scan",
    )

    @field_serializer("dsn")
    def _without_password(self, dsn: SecretStr | None) -> str | None:
        return None if dsn is None else masked(dsn.get_secret_value())
