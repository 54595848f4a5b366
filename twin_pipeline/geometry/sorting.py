"""Sort more points along a Morton curve than fit into the memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin_pipeline.geometry.cuts import Blocks, KeyArray
from twin_pipeline.kernels import morton, rows, voxels
from twin_pipeline.model import FloatArray, frozen
from twin_pipeline.shelves import Shelf

_CHUNK_POINTS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """A cloud in Morton order. N = points."""

    xyz: FloatArray
    """(N, 3) metres, local frame."""
    order: npt.NDArray[np.uint32]
    """(N,) index in the cloud of each sorted point."""
    keys: KeyArray
    """(N,) of the points' voxels."""
    blocks: Blocks


def sort_on_shelf(
    xyz: FloatArray,
    lower: FloatArray,
    voxel_size_m: float,
    block_level: int,
    shelf: Shelf,
    most_points: int,
) -> Sorted:
    """Sort points (N, 3) as `Pyramid.of_cloud` does, some at a time.

    They are first shared out among buckets of neighbouring blocks, in the order in which they
    come, then each bucket is sorted by itself.
    """
    counts: dict[int, int] = {}
    for _, _, keys in _chunks(xyz, lower, voxel_size_m):
        found, points = np.unique(keys >> np.uint64(3 * block_level), return_counts=True)
        for key, count in zip(found.tolist(), points.tolist(), strict=True):
            counts[key] = counts.get(key, 0) + count
    block_keys = np.array(sorted(counts), np.uint64)
    starts = np.cumsum([0, *(counts[int(key)] for key in block_keys)])
    width_m = voxel_size_m * 2**block_level
    blocks = Blocks(block_level, width_m, lower, block_keys, starts, most_points)
    buckets = blocks.pieces
    sorted_ = Sorted(
        shelf.empty(np.float64, len(xyz), 3),
        shelf.empty(np.uint32, len(xyz)),
        shelf.empty(np.uint64, len(xyz)),
        blocks,
    )
    _share_out(xyz, lower, voxel_size_m, buckets, sorted_)
    for first, last in buckets:
        _sort_bucket(sorted_, slice(*blocks.starts[[first, last]]))
    return sorted_


def _chunks(
    xyz: FloatArray, lower: FloatArray, voxel_size_m: float
) -> Iterator[tuple[int, FloatArray, KeyArray]]:
    for first in range(0, len(xyz), _CHUNK_POINTS):
        part = xyz[first : first + _CHUNK_POINTS]
        yield first, part, voxels.morton_keys(part, lower, voxel_size_m)


def _share_out(
    xyz: FloatArray,
    lower: FloatArray,
    voxel_size_m: float,
    buckets: list[tuple[int, int]],
    into: Sorted,
) -> None:
    begins = np.array([first for first, _ in buckets])
    least = into.blocks.keys[begins]
    free = into.blocks.starts[begins]
    shift = np.uint64(3 * into.blocks.level)
    for first, part, keys in _chunks(xyz, lower, voxel_size_m):
        bucket = np.searchsorted(least, keys >> shift, side="right") - 1
        by_bucket = np.argsort(bucket, kind="stable")
        edges = np.searchsorted(bucket[by_bucket], np.arange(len(buckets) + 1))
        for number in np.flatnonzero(np.diff(edges)):
            members = by_bucket[edges[number] : edges[number + 1]]
            there = slice(free[number], free[number] + len(members))
            into.xyz[there] = part[members]
            into.order[there] = first + members
            into.keys[there] = keys[members]
            free[number] += len(members)


def _sort_bucket(whole: Sorted, bucket: slice) -> None:
    """Sort a bucket in its place; points of one voxel stay in their order."""
    keys = whole.keys[bucket]
    order = morton.stable_argsort(keys)
    whole.xyz[bucket] = rows.gather(frozen(whole.xyz[bucket]), order)
    whole.order[bucket] = whole.order[bucket][order]
    whole.keys[bucket] = keys[order]
