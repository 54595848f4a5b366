"""Lines as files give them, before they are brought to the site."""

from dataclasses import dataclass

from twin_pipeline.model import FloatArray, LevelKind, frozen


@dataclass(frozen=True, slots=True, eq=False)
class FileLine:
    """One line of a file."""

    name: str
    """Of the line or its layer; empty where it has none."""
    vertices: FloatArray
    """(K, 2) or (K, 3) in the file's order and system; a third column is the level, NaN where
    it is unknown."""
    level: LevelKind | None = None
    """What the level is of, where the file says so."""
    cover_m: FloatArray | None = None
    """(K,) designed cover, where the file has it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "vertices", frozen(self.vertices))

    @property
    def has_levels(self) -> bool:
        """Whether every vertex has a level."""
        return self.vertices.shape[1] == 3


@dataclass(frozen=True, slots=True, eq=False)
class FileLines:
    """All lines of a file, and what the file says of its coordinates."""

    lines: tuple[FileLine, ...]
    crs: str | None = None
    """EPSG:code that the file names."""
    order: str | None = None
    """en or ne, where the file's format or its headings settle it."""
    vertical: str | None = None
    """Name of the vertical datum that the file states, as written there."""
    scales: tuple[float, ...] = (1.0,)
    """What may make metres of the coordinates; the one in which the lines lie at the site does."""
    is_lonlat: bool = False
    """Whether coordinates are longitude and latitude, degrees."""
