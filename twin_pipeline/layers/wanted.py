"""What the user asks for when a layer is added."""

from dataclasses import dataclass

from twin_pipeline.layers.place import Sites
from twin_pipeline.progress import Progress


@dataclass(frozen=True, slots=True)
class Wanted:
    """A layer to be added; None and False where no flag was given."""

    sources: tuple[str, ...]
    """Files, or an address; several rasters are the dates of one layer."""
    title: str | None = None
    kind: str | None = None
    """How an address is to be asked: xyz, wms, wmts, 3d-tiles or file."""
    crs: str | None = None
    vertical: str | None = None
    layer: str | None = None
    """Of a GeoPackage, WMS or WMTS."""
    band: int | None = None
    nodata: str | None = None
    unit: str | None = None
    value: str | None = None
    """Column whose values give the colours."""
    value_range: tuple[float, float] | None = None
    x: str | None = None
    y: str | None = None
    time: str | None = None
    """Column of times."""
    dates: tuple[str, ...] = ()
    """Of several rasters, in their order."""
    encoding: str | None = None
    attribution: str | None = None
    licence: str | None = None
    opacity: float = 1.0
    hidden: bool = False
    levels: tuple[int, int] | None = None
    """First and last level of map tiles."""
    force: bool = False
    ask: bool = True
    """Whether an address is asked before it is added."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the reading of one source may need beside the source itself."""

    wanted: Wanted
    sites: Sites
    source: str
    """What errors call the source."""
    colour: str
    """Of a layer that has one colour."""
    progress: Progress
