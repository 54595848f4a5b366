"""What the owner of the data says of a publication."""

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_ADDRESS = r"^(https?://|mailto:)[^\s\"<>]+$"


class PublishOptions(BaseModel):
    """Section `publish`: what no scan holds and a catalogue of open data must tell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        "trench-pipes",
        pattern=r"^[a-z0-9][a-z0-9_-]{1,60}$",
        description="short name of the dataset in addresses and catalogues: a-z, 0-9, - and _",
    )
    title_ja: str = Field("開削部三次元計測による埋設水道管", min_length=1, description="title, ja")
    title_en: str = Field(
        "Buried water pipes surveyed in open trenches", min_length=1, description="title, en"
    )
    description_ja: str = Field(
        "掘削中の道路を計測した点群から求めた水道管の位置、土被り、外径と、その標準偏差。"
        "属性ファイルと3D Tilesで提供する。",
        min_length=1,
        description="description, ja",
    )
    description_en: str = Field(
        "Position, cover and outer diameter of water pipes, each with its standard deviation, "
        "measured in point clouds of open road excavations. As attribute files and 3D Tiles.",
        min_length=1,
        description="description, en",
    )
    keywords_ja: tuple[str, ...] = Field(
        ("水道", "埋設管", "土被り", "点群", "3D Tiles", "地下埋設物"), description="keywords, ja"
    )
    keywords_en: tuple[str, ...] = Field(
        ("water supply", "buried pipe", "cover", "point cloud", "3D Tiles", "underground utility"),
        description="keywords, en",
    )
    licence: str | None = Field(
        None,
        min_length=1,
        description="licence: CC-BY-4.0, CC0-1.0, CC-BY-SA-4.0, ODbL-1.0, ODC-By-1.0, PDDL-1.0, "
        "PDL-1.0 (公共データ利用規約), or a name of your own with licence_url",
    )
    licence_url: str | None = Field(
        None, pattern=_ADDRESS, description="where the licence's text is, for a name of your own"
    )
    attribution: str | None = Field(
        None, min_length=1, description="how users must name the source (出典の記載)"
    )
    publisher_ja: str | None = Field(None, min_length=1, description="who publishes it, ja")
    publisher_en: str | None = Field(None, min_length=1, description="who publishes it, en")
    publisher_url: str | None = Field(None, pattern=_ADDRESS, description="the publisher's page")
    contact: str | None = Field(
        None, pattern=_ADDRESS, description="whom to ask: mailto:, http:// or https:// address"
    )
    survey_date: dt.date | None = Field(
        None,
        description="day of the survey, where the scans don't tell it or tell it wrong: YYYY-MM-DD",
    )
    survey_dates: str | None = Field(
        None, description="CSV file with the columns site,date: the day of each site's survey"
    )
    point_source: Literal["lidar", "eopc", "radar", "sonar", "other"] = Field(
        "other", description="what made the points, in the words of STAC (eopc: photogrammetry)"
    )
    ckan_organization: str | None = Field(
        None, min_length=1, description="name or id of the organization on the CKAN server"
    )
