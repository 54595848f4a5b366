"""What is known of a layer, as layers.json keeps it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["geojson", "czml", "xyz", "wms", "wmts", "3d-tiles"]
"""How a layer is drawn."""

Bounds = tuple[float, float, float, float]
"""West, south, east, north, degrees."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LegendItem(_Part):
    """A colour and what it means."""

    title: str
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")


class Legend(_Part):
    """What the colours of a layer mean."""

    title: str
    """What is shown, and its unit."""
    items: tuple[LegendItem, ...]


class Frame(_Part):
    """One date of a time series."""

    time: str
    """ISO 8601 in UTC, ends with Z."""
    url: str


class Contents(_Part):
    """The files of a layer, so that it can be checked whether they are all there."""

    files: int
    bytes: int
    sha256: str
    """Of names and contents, in the order of the names."""


class Layer(_Part):
    """One layer; addresses are relative to the output folder, or absolute."""

    id: str = Field(pattern=r"^[^\s/\\.][^\s/\\]*$")
    """Unique in the output folder; what `layers remove` takes."""
    title: str
    kind: Kind
    format: str
    """What it was made from: GeoTIFF, Shapefile, WMS ..."""
    url: str
    sources: tuple[str, ...]
    """The files (absolute) or the address that it was made from."""
    inputs_sha256: tuple[str, ...] = ()
    settings: dict[str, str] = Field(default_factory=dict)
    """Flags that were given."""
    opacity: float = Field(1.0, ge=0.0, le=1.0)
    shown: bool = True
    attribution: str | None = None
    licence: str | None = None
    crs: str | None = None
    """The system that the source was read in."""
    heights: str | None = None
    """What heights count from; null where it lies on the ground."""
    on_ground: bool = False
    """Whether vector data lies on the ground, having no heights that are known."""
    unit: str | None = None
    nodata: float | None = None
    legend: Legend | None = None
    colour: str | None = None
    bounds: Bounds | None = None
    min_level: int | None = None
    max_level: int | None = None
    subdomains: tuple[str, ...] = ()
    """What `{s}` of an address stands for."""
    wms_layers: str | None = None
    image_format: str | None = None
    frames: tuple[Frame, ...] = ()
    """Of several rasters with dates; `url` is that of the first."""
    period: tuple[str, str] | None = None
    """First and last moment of what changes with time, ISO 8601 in UTC."""
    features: int | None = None
    columns: tuple[str, ...] = ()
    """Names of the features' attributes."""
    rasters: tuple[str, ...] = ()
    """Cloud Optimized GeoTIFFs with the values."""
    folder: str | None = None
    """Where its files lie, relative to the output folder; null for a service."""
    contents: Contents | None = None
    origins: tuple[str, ...] = ()
    """Scheme, host and port that the layer is loaded from, if not from the output folder."""
    notes: tuple[str, ...] = ()
    """What was decided or left out, in words."""


class Index(_Part):
    """All layers of an output folder, in the order in which they were added."""

    format: Literal[1] = 1
    layers: tuple[Layer, ...] = ()
