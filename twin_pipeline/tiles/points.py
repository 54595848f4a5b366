"""Point tiles of any size: points are sorted into cells on disk, then built cell by cell.

One pass over the scan writes each point to a temporary file, together with its neighbours. Parts
that fit into memory then become octrees, several at a time, and are joined upwards. Memory does
not grow with the scan.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np

from twin_pipeline.model import FloatArray, LabelArray, PointChunk
from twin_pipeline.tiles.blocks import make_blocks
from twin_pipeline.tiles.distribute import Distributor
from twin_pipeline.tiles.georeference import Georeference
from twin_pipeline.tiles.grid import file_unit
from twin_pipeline.tiles.node import TileNode
from twin_pipeline.tiles.octree import ENOUGH, Held, build, finish, join
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


def write_point_tiles(
    chunks: Iterable[PointChunk],
    *,
    bounds: Bounds,
    scale_m: Sequence[float],
    labels: LabelArray | None,
    georeference: Georeference,
    out: Path,
    options: TilesOptions,
    progress: Progress | None = None,
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
        Folder for tileset.json and its contents; made if absent. Its name names the site. The
        caller renames it into place; temporary files stand beside it and are always removed.
    options
        How points become tiles.
    progress
        Told how far each pass is.

    Raises
    ------
    InputError
        Where there are no points, or one of them is not finite or absurdly far away.
    GeoreferenceError
        Where the points have no place on the earth.
    """
    tell = progress or _silent
    threads = options.threads or os.cpu_count() or 1
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        beside = tempfile.TemporaryDirectory(prefix=".tiles-", dir=out.parent)
        folder = Path(stack.enter_context(beside))
        unit_m = options.resolution_m or file_unit(np.asarray(scale_m, np.float64))
        path, wanted = folder / "points", options.dimensions
        distributor = Distributor(path, bounds[0], labels, unit_m, wanted)
        sorted_scan = distributor.distribute(chunks, lambda n: tell("distribute", n), threads)
        spill, found = stack.enter_context(sorted_scan.spill), sorted_scan.found
        cells = [spill.cell(run) for run in range(len(spill.runs))]
        blocks = make_blocks(sorted_scan.grid, georeference, cells, found.middle)
        sink = TileSink(out, blocks, found.colour_code, time_base(found.ranges), options)
        plan = Planner(folder, _bucket_points(found.points, options), stack).plan(spill)
        root = _build_all(plan, sink, threads, lambda n: tell("build", n))
    write_point_tileset(root, sink, found)
    return _summary(root, found.lower, found.upper)


def _bucket_points(points: int, options: TilesOptions) -> int:
    """Return the most points of a bucket; a small scan is divided too, for two threads to build.

    Parts that are too small to be joined inside a bucket would be joined by one thread after all.
    """
    return min(BUCKET_POINTS, max(points // 2, ENOUGH * options.points_per_tile))


def _build_all(
    plan: Bucket | Branch, sink: TileSink, threads: int, tell: Callable[[int], None]
) -> TileNode:
    """Build the buckets in threads and join them upwards as soon as a branch is complete."""
    with ThreadPoolExecutor(threads) as pool:
        tasks = (partial(build, bucket, sink) for bucket in buckets(plan))
        results = in_order(pool, tasks, threads + 1)
        counted = _counted(results, plan, tell)
        return finish(_joined(plan, counted, sink), sink)


def _joined(part: Bucket | Branch, results: Iterator[list[Held]], sink: TileSink) -> list[Held]:
    if isinstance(part, Bucket):
        return next(results)
    held = [one for child in part.parts for one in _joined(child, results, sink)]
    return join(part.cell, held, sink)


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
