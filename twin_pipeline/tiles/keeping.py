"""What is kept of unfinished tiles on disk, so that a run whose process died can go on.

FOLDER/
identity       what the tiles are made from and how; anything else makes the rest worthless
points         the scan, sorted into cells
sorted.npz     where the cells lie in it, and what is known of the points; there once it is whole
built/N.npz    the parts that show bucket N, and the tiles below them; there once they are written
tiles/         the site's tiles as far as they are
"""

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.durable.files import remove, sync_folder
from twin_pipeline.tiles.distribute import Distributed
from twin_pipeline.tiles.found import Found
from twin_pipeline.tiles.grid import Cell, Grid
from twin_pipeline.tiles.node import TileNode
from twin_pipeline.tiles.octree import Held
from twin_pipeline.tiles.pointset import PointSet, as_records, attribute_dtype, words
from twin_pipeline.tiles.spill import Spill, record_dtype

UNUSABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)
"""What reading a file raises that a power cut left incomplete."""


class Kept:
    """A folder with unfinished tiles; nothing in it is believed that is not whole."""

    def __init__(self, folder: Path, identity: str) -> None:
        """Go on with what lies in `folder` if it has the same `identity`, else clear it."""
        self.folder = folder
        self.tiles = folder / "tiles"
        self.spill = folder / "points"
        self._sorted = folder / "sorted.npz"
        self._built = folder / "built"
        name = folder / "identity"
        if not name.is_file() or name.read_text("utf-8") != identity:
            remove(folder)
            folder.mkdir(parents=True)
            name.write_text(identity, "utf-8")
        self._built.mkdir(exist_ok=True)
        self.tiles.mkdir(exist_ok=True)

    @property
    def worth_keeping(self) -> bool:
        """Whether there is anything to go on from."""
        return self._sorted.exists()

    def sorted_scan(self) -> Distributed | None:
        """Return the sorted scan; None where it has to be made."""
        try:
            with self._sorted.open("rb") as file, np.load(file) as held:
                said, runs = json.loads(held["said"].tobytes()), held["runs"]
            dtype = record_dtype(attribute_dtype(said["attributes"]))
            found = Found.from_json(said["found"])
            if self.spill.stat().st_size != found.points * dtype.itemsize:
                return None
            grid = Grid(np.array(said["origin"]), said["unit_m"])
            return Distributed(Spill.sealed(self.spill, dtype, runs), grid, found)
        except UNUSABLE:
            return None

    def keep_sorted(self, scan: Distributed) -> None:
        """Note that the scan is sorted; the points are on the disk when this returns."""
        scan.spill.sync()
        said = {
            "attributes": list(scan.spill.dtype["attributes"].names or ()),
            "found": scan.found.to_json(),
            "origin": scan.grid.origin.tolist(),
            "unit_m": scan.grid.unit_m,
        }
        _save(self._sorted, said, runs=scan.spill.runs)
        sync_folder(self.folder)

    def parts(self, number: int, dtype: np.dtype[np.void]) -> list[Held] | None:
        """Return the parts of a bucket; None where it, or a tile below it, has to be made."""
        try:
            with (self._built / f"{number}.npz").open("rb") as file, np.load(file) as held:
                said = json.loads(held["said"].tobytes())
                points = PointSet(held["ijk"], as_records(held["attributes"], dtype))
            parts = [_part(made, points) for made in said["parts"]]
        except UNUSABLE:
            return None
        nodes = [node for part in parts for below in part.below for node in below.walk()]
        return parts if all(self._holds(node) for node in nodes) else None

    def keep_parts(self, number: int, parts: list[Held]) -> None:
        """Note that a bucket is built and its tiles are written."""
        points = PointSet.joined([part.points for part in parts])
        ends = np.cumsum([len(part.points) for part in parts]).tolist()
        said = {"parts": [_said(part, end) for part, end in zip(parts, ends, strict=True)]}
        attributes = words(points.attributes)
        _save(self._built / f"{number}.npz", said, ijk=points.ijk, attributes=attributes)

    def close(self) -> None:
        """Remove all that is kept."""
        remove(self.folder)

    def _holds(self, node: TileNode) -> bool:
        try:
            return zlib.crc32((self.tiles / node.uri).read_bytes()) == node.crc32
        except OSError:
            return False


def _save(path: Path, said: Mapping[str, Any], **arrays: Any) -> None:  # noqa: ANN401
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        np.savez(file, said=np.frombuffer(json.dumps(said).encode(), np.uint8), **arrays)
    beside.replace(path)


def _said(part: Held, end: int) -> dict[str, Any]:
    return {
        "cell": [part.cell.shift, part.cell.code],
        "points": [end - len(part.points), end],
        "spacing": part.spacing,
        "below": [node.to_json() for node in part.below],
    }


def _part(said: Mapping[str, Any], points: PointSet) -> Held:
    below = tuple(TileNode.from_json(node) for node in said["below"])
    return Held(Cell(*said["cell"]), points.part(*said["points"]), said["spacing"], below)
