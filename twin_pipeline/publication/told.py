"""What catalogues tell of a publication, whatever their language."""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin_pipeline.publication.licences import Licence
from twin_pipeline.publication.options import PublishOptions

Box = tuple[float, float, float, float, float, float]
"""West, south, lowest, east, north, highest; or easting, northing, elevation in the same order."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages."""

    ja: str
    en: str

    @property
    def both(self) -> str:
        """The two beside each other, for catalogues that hold one."""
        return self.ja if self.ja == self.en else f"{self.ja} / {self.en}"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that users fetch, or open in a viewer."""

    key: str
    path: str
    """Relative address below the publication's."""
    media_type: str
    format: str
    """As CKAN and people call it."""
    title: Text
    role: str
    """data or metadata, as STAC has it."""
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How sure the numbers of a site are; standard deviations, metres."""

    position_std_h_m: float | None
    """The largest of all pipes, as those below; None where unknown or kept back."""
    position_std_v_m: float | None
    cover_std_m: float | None
    outer_diameter_std_m: float | None
    quality: Mapping[str, int]
    """Pipes by quality."""
    observed_fraction: float | None
    """By length."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        numbers = {
            "position_std_h_m": self.position_std_h_m,
            "position_std_v_m": self.position_std_v_m,
            "cover_std_m": self.cover_std_m,
            "outer_diameter_std_m": self.outer_diameter_std_m,
            "observed_fraction": self.observed_fraction,
        }
        rounded = {name: round(value, 5) for name, value in numbers.items() if value is not None}
        return rounded | {f"pipes_{name}": count for name, count in self.quality.items()}


@dataclass(frozen=True, slots=True)
class Points:
    """What the point tiles of a site hold."""

    count: int
    density_per_m2: float | None
    schemas: tuple[tuple[str, int, str], ...]
    """Name, size in bytes and kind (floating, unsigned, signed) of what each point carries."""
    ranges: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class System:
    """A site's coordinate reference system."""

    code: str | None
    """EPSG:code of the horizontal and vertical system together, else of the horizontal one."""
    name: str
    wkt: str
    vertical: str
    """Name of the vertical datum."""
    geoid: str | None
    uris: tuple[str, ...]
    """In the register of OGC."""


@dataclass(frozen=True, slots=True)
class SiteTold:
    """One site."""

    name: str
    title: Text
    description: Text
    date: dt.date
    date_source: str
    """What the date of the survey was taken from."""
    bounds: Box | None
    """Degrees and metres above the ellipsoid; None where nothing is measured."""
    outline: tuple[tuple[float, float], ...]
    """Closed ring, longitude and latitude, round all that was measured."""
    projected: Box | None
    """In the scan's own system."""
    system: System
    accuracy: Accuracy | None
    points: Points | None
    pipes: int
    length_m: float | None
    cover_min_m: float | None
    sha256: str | None
    """Of the scan."""
    assets: tuple[Asset, ...]

    @property
    def slug(self) -> str:
        """A name for addresses and catalogues, of its own for every name."""
        return slug(self.name)


@dataclass(frozen=True, slots=True)
class Told:
    """The publication."""

    options: PublishOptions
    licence: Licence | None
    base_url: str
    """Ends with a slash."""
    version: str
    """Of twin_pipeline."""
    updated: dt.datetime
    """When the newest run has ended."""
    sites: tuple[SiteTold, ...]
    assets: tuple[Asset, ...]
    """Of all sites together."""
    clipped: bool
    withheld: tuple[str, ...]
    """Attributes and levels that a policy keeps back."""

    @property
    def title(self) -> Text:
        """The dataset's title."""
        return Text(self.options.title_ja, self.options.title_en)

    @property
    def description(self) -> Text:
        """The dataset's description, with what was left out of it."""
        ja, en = self.options.description_ja, self.options.description_en
        if self.clipped:
            ja += "掘削範囲の外は公開していない。"
            en += " Nothing outside of the excavation is published."
        if self.withheld:
            ja += f"公開方針により除いた項目: {', '.join(self.withheld)}。"
            en += f" Kept back by policy: {', '.join(self.withheld)}."
        return Text(ja, en)

    def url(self, path: str) -> str:
        """Return the absolute address of a path of the publication."""
        return self.base_url + path

    @property
    def dates(self) -> tuple[dt.date, dt.date]:
        """First and last day of the surveys."""
        days = [site.date for site in self.sites]
        return min(days), max(days)

    @property
    def bounds(self) -> Box | None:
        """Around all sites."""
        boxes = [site.bounds for site in self.sites if site.bounds is not None]
        if not boxes:
            return None
        west, south, low = (min(box[i] for box in boxes) for i in range(3))
        east, north, high = (max(box[i] for box in boxes) for i in range(3, 6))
        return west, south, low, east, north, high


def slug(name: str) -> str:
    """Return a-z, 0-9, - and _ that stand for a name; what is lost of it becomes a hash."""
    plain = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_")[:40]
    if plain == name:
        return plain
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain}-{digest}" if plain else digest
