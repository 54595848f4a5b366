"""When the points of a scan were recorded."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin_pipeline.model import FloatArray, PointCloud

_BLOCKS, _BLOCK_POINTS = 128, 50
_ORDERED = 10.0
"""Of what chance alone makes of them, by which the means of blocks of successive points vary."""
_SAMPLE, _MOST = 64_000, 1_000_000
_PIECE_M, _PIECE_POINTS, _LOOKED_AT = 0.25, 300, 32
"""Of a walk, what successive points come from, the points of a sample there, and how many such
pieces are looked at."""
_MOST_OF_IT, _ALL_OF_IT = (0.05, 0.95), (0.01, 0.99)
"""Quantiles of places between which a piece lies, and a scan."""
_ITS_OWN = 0.42
"""Share of its own points among those where a piece lies, from which on they were put there: a
scanner that stood once left 0.35 at most, the order of an octree 0.48 at least."""


class FileOrder:
    """Times of points that were recorded in their order: their numbers."""

    def __getitem__(self, index: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        """Return the times of points."""
        return index


Times = FloatArray | FileOrder


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """When the sorted points were recorded, in any unit."""

    of_cloud: Times
    """(N,) in the order of the cloud."""
    order: npt.NDArray[np.uint32]
    """(M,) index in the cloud of each sorted point."""

    def __getitem__(self, index: npt.NDArray[np.int64]) -> FloatArray:
        """Return when sorted points (P,) were recorded."""
        return self.of_cloud[self.order[index]].astype(np.float64)


def recording_order(cloud: PointCloud) -> Times | None:
    """Return when each point (N,) was recorded, in any unit; None where that can't be told.

    By the times in the file, or else by its order, whichever a moving scanner explains.
    """
    xyz = _sampled(cloud.xyz, _SAMPLE)
    if cloud.time_s is not None:
        times = _sampled(cloud.time_s, _SAMPLE)
        if _by_a_moving_scanner(xyz[np.argsort(times, kind="stable")]) and np.ptp(times) > 0.0:
            return cloud.time_s
    return FileOrder() if _by_a_moving_scanner(xyz) and not _sorted_by_place(cloud.xyz) else None


def _sampled(values: FloatArray, most: int) -> FloatArray:
    # what lies far apart in memory is read once
    return np.ascontiguousarray(values[:: max(len(values) // most, 1)])


def _by_a_moving_scanner(xyz: FloatArray) -> bool:
    """Tell whether points (N, 3) stand in the order in which a moving scanner recorded them.

    Then blocks of successive points come from one place of the walk, and their means differ.
    """
    size = len(xyz) // _BLOCKS
    if size < _BLOCK_POINTS:
        return False
    blocks = xyz[: size * _BLOCKS].reshape(_BLOCKS, size, 3)
    between = blocks.mean(axis=1).var(axis=0).sum()
    return bool(between > _ORDERED * xyz.var(axis=0).sum() / size)


def _sorted_by_place(xyz: FloatArray) -> bool:
    """Tell whether points (N, 3) stand in an order of their places: by a coordinate, or in cells.

    Then where some successive ones lie there are few others. What a scanner sees from one place of
    its walk it sees from others, too.
    """
    quantiles = np.quantile(_sampled(xyz, _SAMPLE), _ALL_OF_IT, axis=0)
    length_m = float(np.linalg.norm(np.ptp(quantiles, axis=0)))
    pieces = int(np.clip(length_m / _PIECE_M, 2 * _LOOKED_AT, _MOST // _PIECE_POINTS))
    points = _sampled(xyz, _PIECE_POINTS * pieces)
    points = points - points.mean(axis=0)
    rank = np.arange(len(points))
    course = np.linalg.lstsq(points, rank - rank.mean(), rcond=None)[0]
    along = np.linalg.svd(course[None])[2]
    return max(_share_of_own(points @ frame.T, pieces) for frame in (np.eye(3), along)) > _ITS_OWN


def _share_of_own(points: FloatArray, pieces: int) -> float:
    """Return the median share of a piece's own points (N, 3) among all in its box."""
    columns = np.ascontiguousarray(points.T)
    first = -(-np.arange(pieces + 1) * len(points) // pieces)
    shares = []
    for number in range(0, pieces, pieces // _LOOKED_AT):
        own = slice(first[number], first[number + 1])
        there = np.ones(len(points), bool)
        for column in columns:
            low, high = np.quantile(column[own], _MOST_OF_IT)
            there &= (column >= low) & (column <= high)
        shares.append(np.count_nonzero(there[own]) / max(int(np.count_nonzero(there)), 1))
    return float(np.median(shares))
