"""Checks finished tiles: structure, bounds, errors, counts and attributes."""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from twin_pipeline.errors import InputError
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.checksum import is_changed
from twin_pipeline.tiles.digest import EMPTY, Digest
from twin_pipeline.tiles.georeference import apply
from twin_pipeline.tiles.proof import KEY, Proof
from twin_pipeline.tiles.reader import box_axes, box_corners, read_json, tile_matrix
from twin_pipeline.tiles.validate_glb import Content, inspect
from twin_pipeline.tiles.validate_metadata import (
    Classes,
    metadata_problems,
    schema_problems,
)
from twin_pipeline.tiles.validate_pnts import inspect_pnts

TOLERANCE_M = 0.003
"""Boxes are written to a micrometre with a margin of a millimetre, turned from frame to frame."""

NEWER_THAN_1_0 = ("schema", "metadata", "statistics", "groups")

MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What reading a JSON document raises where it is not shaped as expected."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def validate_tiles(root: Path, expected_points: int | None = None) -> list[Problem]:
    """Check a tileset with everything below it.

    Parameters
    ----------
    root
        A tileset.json, or the folder that holds one.
    expected_points
        How many points all tiles must hold together; None checks only against what the tilesets
        say in their statistics.

    Returns
    -------
    All problems, none if the tileset is sound.
    """
    walk = _Walk()
    path = root / "tileset.json" if root.is_dir() else root
    found = walk.tileset(path, _Parent(None, np.inf, refers=True, matrix=np.eye(4)))
    if expected_points is not None and found.points != expected_points:
        walk.report(path, f"all tiles hold {found.points} points, not {expected_points}")
    return walk.problems


@dataclass(slots=True, eq=False)
class _Found:
    """What the contents below a tileset hold."""

    points: int = 0
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)
    """Points of each class."""
    digest: Digest | None = EMPTY
    """None once a content could not be read back."""

    def add(self, other: "_Found | Content") -> None:
        self.points += other.points
        self.counts += other.counts
        for name, (least, most) in other.ranges.items():
            before = self.ranges.get(name, (least, most))
            self.ranges[name] = (min(before[0], least), max(before[1], most))
        if self.digest is not None:
            self.digest = None if other.digest is None else self.digest + other.digest


@dataclass(frozen=True, slots=True, eq=False)
class _Parent:
    tile: dict[str, Any] | None
    error: float
    refers: bool
    """Whether the parent only stands for the tileset whose root is its child."""
    matrix: FloatArray
    """(4, 4) from the parent's frame to that of the whole."""
    proof: Proof | None = None
    classes: Classes = field(default_factory=dict)
    """Of the tileset's schema."""


class _Walk:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._open: list[Path] = []
        self._frames: dict[bytes, tuple[int, ...]] = {}
        """By frame, where the grid of the site lies in it."""

    def report(self, path: Path, message: str) -> None:
        self.problems.append(Problem(str(path), message))

    def tileset(self, path: Path, parent: _Parent) -> _Found:
        """Check a tileset and return what it holds."""
        found = _Found()
        if path.resolve() in self._open:
            self.report(path, "the tileset contains itself")
            return found
        self._open.append(path.resolve())
        try:
            self._document(path, read_json(path), parent, found)
        except InputError as error:
            self.report(path, str(error))
        except MALFORMED as error:
            self.report(path, f"is not built like a tileset: {error!r}")
        self._open.pop()
        return found

    def _document(
        self, path: Path, tileset: dict[str, Any], parent: _Parent, found: _Found
    ) -> None:
        self._version(path, tileset)
        for message in metadata_problems(tileset):
            self.report(path, message)
        root = tileset["root"]
        if root.get("refine") not in ("ADD", "REPLACE"):
            self.report(path, "the root tile does not say how it is refined")
        whole = float(tileset["geometricError"])
        if float(root["geometricError"]) > whole:
            self.report(path, f"the root's geometric error is not below the tileset's {whole}")
        stated = tileset["asset"].get("extras", {}).get(KEY)
        if stated is not None:
            self._frames.clear()
            parent = replace(parent, proof=Proof.from_json(stated))
        if "schema" in tileset:
            parent = replace(parent, classes=tileset["schema"]["classes"])
        self._tile(path, root, parent, found)
        statistics = tileset.get("statistics", {}).get("classes", {}).get("point")
        if statistics is not None:
            self._statistics(path, statistics, found)
        for name, pair in tileset.get("properties", {}).items():
            self._range(path, name, (pair["minimum"], pair["maximum"]), found)
        if stated is not None:
            self._compare(path, Proof.from_json(stated), found)

    def _version(self, path: Path, tileset: dict[str, Any]) -> None:
        version = tileset["asset"]["version"]
        if version not in ("1.0", "1.1"):
            self.report(path, f"asset.version is {version!r}, neither '1.0' nor '1.1'")
        newer = [key for key in NEWER_THAN_1_0 if key in tileset]
        if version == "1.0" and newer:
            self.report(path, f"asset.version is '1.0', which knows no {' and no '.join(newer)}")

    def _compare(self, path: Path, proof: Proof, found: _Found) -> None:
        """Compare what was read back with what the tileset says was written."""
        if proof.count != found.points:
            self.report(path, f"holds {found.points} points, but {proof.count} were tiled")
        elif found.digest is not None and found.digest != proof.digest:
            self.report(path, "points read back from the tiles are not those that were tiled")

    def _statistics(self, path: Path, statistics: dict[str, Any], found: _Found) -> None:
        if statistics["count"] != found.points:
            self.report(
                path, f"statistics count {statistics['count']} points, the tiles {found.points}"
            )
        for name, stated in statistics["properties"].items():
            self._range(path, name, (stated["min"], stated["max"]), found)
            if "classes" in (extras := stated.get("extras", {})):
                self._class_counts(path, extras["classes"], found)

    def _class_counts(self, path: Path, stated: dict[str, int], found: _Found) -> None:
        if {int(number): count for number, count in stated.items()} != found.counts:
            held = {str(number): count for number, count in sorted(found.counts.items())}
            self.report(path, f"statistics count the classes {stated}, the tiles {held}")

    def _range(self, path: Path, name: str, stated: tuple[float, float], found: _Found) -> None:
        seen = found.ranges.get(name)
        if seen != stated:
            self.report(path, f"statistics of {name} are {stated}, the tiles hold {seen}")

    def _tile(self, path: Path, tile: dict[str, Any], parent: _Parent, found: _Found) -> None:
        self._bounds(path, tile, parent)
        error = float(tile["geometricError"])
        contents = tile.get("contents", [tile["content"]] if "content" in tile else [])
        refers = any(str(content["uri"]).endswith(".json") for content in contents)
        self._error(path, tile, error, parent, leaf=not refers and not tile.get("children"))
        matrix = parent.matrix @ tile_matrix(tile)
        here = replace(parent, tile=tile, error=error, refers=False, matrix=matrix)
        for content in contents:
            self._content(path, tile, content, here, found)
        for child in tile.get("children", []):
            self._tile(path, child, here, found)

    def _bounds(self, path: Path, tile: dict[str, Any], parent: _Parent) -> None:
        box_axes(tile)
        if parent.tile is None:
            return
        outside = _outside(parent.tile, apply(tile_matrix(tile), box_corners(tile)))
        if outside > TOLERANCE_M:
            self.report(path, f"{_name(tile)} is {outside:.3f} m outside its parent's box")

    def _error(
        self, path: Path, tile: dict[str, Any], error: float, parent: _Parent, *, leaf: bool
    ) -> None:
        if not (np.isfinite(error) and error >= 0):
            self.report(path, f"{_name(tile)}: geometric error {error} is no length")
        if leaf and error != 0:
            self.report(path, f"{_name(tile)} has nothing below it but geometric error {error}")
        if error > parent.error or (error == parent.error and not parent.refers):
            self.report(
                path,
                f"{_name(tile)}: geometric error {error} is not below its parent's {parent.error}",
            )

    def _content(
        self,
        path: Path,
        tile: dict[str, Any],
        content: dict[str, Any],
        here: _Parent,
        found: _Found,
    ) -> None:
        place = path.parent / unquote(content["uri"])
        if place.suffix == ".json":
            found.add(self.tileset(place, replace(here, refers=True)))
            return
        try:
            look = inspect_pnts if place.suffix == ".pnts" else inspect
            held = look(place, here.proof)
        except InputError as error:
            self.report(place, str(error))
            return
        except MALFORMED as error:
            self.report(place, f"is not built like a tile: {error!r}")
            return
        if is_changed(content, place):
            self.report(place, "its bytes are not those that were written")
        for message in schema_problems(held.classes, here.classes):
            self.report(place, message)
        self._held(place, tile, held)
        self._frame(place, held, here)
        found.add(held)

    def _frame(self, place: Path, held: Content, here: _Parent) -> None:
        """Tiles in the same frame must have the grid in the same place."""
        if held.offset is None:
            return
        there = tuple(held.offset.tolist())
        frame = here.matrix.round(6).tobytes()
        if self._frames.setdefault(frame, there) != there:
            self.report(place, f"its grid lies at {there}, not at {self._frames[frame]}")

    def _held(self, place: Path, tile: dict[str, Any], held: Content) -> None:
        for message in held.problems:
            self.report(place, message)
        outside = _outside(tile, held.xyz)
        if outside > 0:
            self.report(place, f"reaches {outside:.4f} m out of its tile's box")


def _outside(tile: dict[str, Any], xyz: FloatArray) -> float:
    """Return how far the farthest point is outside a tile's box, metres; 0 if none is."""
    centre, axes = box_axes(tile)
    lengths = np.linalg.norm(axes, axis=1)
    along = (xyz - centre) @ (axes / np.maximum(lengths, 1e-12)[:, None]).T
    return float(np.maximum(np.abs(along) - lengths, 0.0).max(initial=0.0))


def _name(tile: dict[str, Any]) -> str:
    content = tile.get("content", {})
    return f"tile {content['uri']}" if "uri" in content else "a tile without content"
