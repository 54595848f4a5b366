"""Point tiles of any size: points are sorted into cells on disk, then built cell by cell.

One pass over the scan writes each point to a temporary file, together with its neighbours. Parts
that fit into memory then become octrees, several at a time, and are joined upwards. Memory does
not grow with the scan.
"""

import operator
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np

from twin_pipeline.errors import plain_interrupts
from twin_pipeline.model import FloatArray, LabelArray, PointChunk
from twin_pipeline.tiles.blocks import make_blocks
from twin_pipeline.tiles.distribute import Distributed, Distributor
from twin_pipeline.tiles.georeference import Georeference
from twin_pipeline.tiles.grid import file_unit
from twin_pipeline.tiles.keeping import Kept
from twin_pipeline.tiles.node import TileNode
from twin_pipeline.tiles.octree import ENOUGH, Each, Held, Work, build, finish, join
from twin_pipeline.tiles.options import TilesOptions
from twin_pipeline.tiles.plan import Branch, Bucket, Planner, buckets
from twin_pipeline.tiles.point_tileset import write_point_tileset
from twin_pipeline.tiles.properties import time_base
from twin_pipeline.tiles.sink import TileSink
from twin_pipeline.tiles.threads import in_order

BUCKET_POINTS = 2_000_000
"""Most points that one thread holds at a time; about 150 MB."""

Progress = Callable[[str, int], None]
"""Called with `distribute` or `build` and the points done so far in that pass."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Where unfinished tiles are kept."""

    folder: Path
    """On the same file system as the tiles."""
    identity: str
    """What the tiles are made from and how; of another identity nothing is used."""


Bounds = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class TilesSummary:
    """What was written for one site."""

    points: int
    tiles: int
    bytes: int
    """Size of all tile contents."""
    lower: tuple[float, float, float]
    """Lowest easting, northing, elevation of the points, scan frame."""
    upper: tuple[float, float, float]
    """Highest easting, northing, elevation of the points, scan frame."""


def write_point_tiles(  # noqa: PLR0913 - what there is to say of a scan and its tiles
    chunks: Iterable[PointChunk],
    *,
    bounds: Bounds,
    scale_m: Sequence[float],
    labels: LabelArray | None,
    georeference: Georeference,
    out: Path,
    options: TilesOptions,
    attributes: Sequence[str] | None = None,
    progress: Progress | None = None,
    keep: Keep | None = None,
) -> TilesSummary:
    """Write a site's points as a 3D Tiles 1.1 tileset, each point in exactly one tile.

    Parameters
    ----------
    chunks
        All points of the scan, scan frame; read once.
    bounds
        (3,) lowest and (3,) highest coordinates, metres, scan frame, as the file's header has
        them. Only a hint: the points decide.
    scale_m
        (3,) metres: the file's coordinates are whole numbers of these.
    labels
        (N,) uint16 in file order, or None to leave labels out.
    georeference
        Where the scan lies.
    out
        Folder for tileset.json and its contents, which must not exist. Its name names the site.
        It is there complete or not at all.
    options
        How points become tiles.
    attributes
        Names of the attributes that any of the points have; the others get zeros. None where all
        points have the same.
    progress
        Told how far each pass is.
    keep
        Where unfinished tiles are kept, so that a later call with the same goes on where this one
        was killed. Errors leave nothing behind, and neither does the end. None keeps them beside
        `out` and never beyond this call.

    Raises
    ------
    InputError
        Where there are no points, or one of them is not finite or absurdly far away.
    GeoreferenceError
        Where the points have no place on the earth.
    """
    tell = progress or _silent
    threads = options.threads or os.cpu_count() or 1
    with _workspace(keep, out) as kept, ThreadPoolExecutor(1) as beside:
        scan = kept.sorted_scan()
        noted: Future[None] | None = None
        if scan is None:
            unit_m = options.resolution_m or file_unit(np.asarray(scale_m, np.float64))
            distributor = Distributor(kept.spill, bounds[0], labels, unit_m, options.dimensions)
            distributor.attributes = attributes
            scan = distributor.distribute(chunks, lambda n: tell("distribute", n), threads)
            if keep is not None:
                noted = beside.submit(kept.keep_sorted, scan)
        sink = _sink(scan, georeference, kept.tiles, options)
        plan = Planner(kept.folder, _bucket_points(scan.found.points, options)).plan(scan.spill)
        builder = _Builder(kept, sink, scan.spill.dtype["attributes"], lasting=keep is not None)
        root = builder.build(plan, threads, lambda n: tell("build", n))
        if noted is not None:
            noted.result()
        write_point_tileset(root, sink, scan.found, out.name)
        out.parent.mkdir(parents=True, exist_ok=True)
        kept.tiles.rename(out)
        kept.close()
    return _summary(root, scan.found.lower, scan.found.upper)


@contextmanager
def _workspace(keep: Keep | None, out: Path) -> Iterator[Kept]:
    """Yield a folder for unfinished tiles; what fails leaves nothing, what is ended may go on."""
    if keep is None:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".tiles-", dir=out.parent) as folder:
            yield Kept(Path(folder), "")
        return
    kept = Kept(keep.folder, keep.identity)
    try:
        with plain_interrupts():
            yield kept
    except BaseException as error:
        if isinstance(error, Exception) or not kept.worth_keeping:
            kept.close()
        raise


def _sink(
    scan: Distributed, georeference: Georeference, out: Path, options: TilesOptions
) -> TileSink:
    cells = [scan.spill.cell(run) for run in range(len(scan.spill.runs))]
    blocks = make_blocks(scan.grid, georeference, cells, scan.found.middle)
    return TileSink(out, blocks, scan.found.colour_code, time_base(scan.found.ranges), options)


def _bucket_points(points: int, options: TilesOptions) -> int:
    """Return the most points of a bucket; a small scan is divided too, for two threads to build.

    Parts that are too small to be joined inside a bucket would be joined by one thread after all.
    """
    return min(BUCKET_POINTS, max(points // 2, ENOUGH * options.points_per_tile))


@dataclass(frozen=True, slots=True, eq=False)
class _Builder:
    """Builds buckets, or finds them built."""

    kept: Kept
    sink: TileSink
    dtype: np.dtype[np.void]
    lasting: bool
    """Whether what is built is kept for a run after this one."""

    def build(self, plan: Bucket | Branch, threads: int, tell: Callable[[int], None]) -> TileNode:
        """Build the buckets in threads and join them upwards as soon as a branch is complete."""
        with ThreadPoolExecutor(threads) as pool, ThreadPoolExecutor(threads) as writers:

            def each(works: Iterable[Work]) -> Iterable[Sequence[TileNode]]:
                return writers.map(operator.call, works)

            numbered = enumerate(buckets(plan))
            tasks = (partial(self._parts, number, bucket) for number, bucket in numbered)
            results = in_order(pool, tasks, threads + 1)
            counted = _counted(results, plan, tell)
            return finish(_joined(plan, counted, self.sink, each), self.sink, each)

    def _parts(self, number: int, bucket: Bucket) -> list[Held]:
        held = self.kept.parts(number, self.dtype) if self.lasting else None
        if held is None:
            held = build(bucket, self.sink)
            if self.lasting:
                self.kept.keep_parts(number, held)
        return held


def _joined(
    part: Bucket | Branch, results: Iterator[list[Held]], sink: TileSink, each: Each
) -> list[Held]:
    if isinstance(part, Bucket):
        return next(results)
    held = [one for child in part.parts for one in _joined(child, results, sink, each)]
    return join(part.cell, held, sink, each)


def _counted(
    results: Iterator[list[Held]], plan: Bucket | Branch, tell: Callable[[int], None]
) -> Iterator[list[Held]]:
    """Pass the buckets' results on and tell how many points they stand for."""
    done = accumulate(bucket.points for bucket in buckets(plan))
    for result, points in zip(results, done, strict=True):
        tell(points)
        yield result


def _summary(root: TileNode, lower: FloatArray, upper: FloatArray) -> TilesSummary:
    nodes = list(root.walk())
    return TilesSummary(
        sum(node.points for node in nodes),
        len(nodes),
        sum(node.size_bytes for node in nodes),
        (float(lower[0]), float(lower[1]), float(lower[2])),
        (float(upper[0]), float(upper[1]), float(upper[2])),
    )


def _silent(stage: str, points: int) -> None:
    """Tell nobody."""
    _ = stage, points
