"""What the user can say about the PLATEAU files."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Scanner = Literal["terrestrial", "slam", "photogrammetry", "vehicle", "survey"]

GEOMETRY_SOURCES: dict[Scanner, str] = {
    "survey": "101",
    "terrestrial": "108",
    "vehicle": "111",
    "slam": "118",
    "photogrammetry": "120",
}
"""Codes of DataQualityAttribute_geometrySrcDesc."""


class CityGmlOptions(BaseModel):
    """Of section `export`: PLATEAU 地下埋設物 files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    citygml_version: Literal["3.2", "3.1"] = Field(
        default="3.2",
        description="i-UR version: 3.2 (PLATEAU specification 5) or 3.1 (specification 4)",
    )
    citygml_scanner: Scanner = Field(
        default="survey",
        description="how the scan was made: terrestrial (tripod laser), slam (handheld or phone "
        "LiDAR), photogrammetry, vehicle, survey (not said)",
    )
    citygml_map_level: Literal[500, 1000, 2500] = Field(
        default=500, description="map information level (地図情報レベル) that the data meet"
    )
    citygml_zone: int | None = Field(
        default=None,
        ge=1,
        le=19,
        description="plane rectangular zone of the files, for scans that are in none",
    )
    citygml_occupier: str | None = Field(
        default=None,
        description="owner: code of UtilityNetworkElement_occupierName (2 = Tokyo Metropolis)",
    )
    citygml_administrator: str | None = Field(
        default=None,
        description="operator: code of UtilityNetworkElement_administrator (2 = Tokyo Metropolis)",
    )
    citygml_name_option: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9-]*$",
        description="token in the file names after the CRS, for example water",
    )
    citygml_open_data: bool = Field(
        default=False, description="end the file names with _op, as open data do"
    )
