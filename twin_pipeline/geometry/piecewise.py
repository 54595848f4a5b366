"""A cloud larger than the memory: in files, and worked on piece by piece.

Whatever is fitted to a voxel hangs on the points around it alone. A piece is a run of blocks of
space along the Morton curve, which a trench is cut into one after the other; it is worked on
together with the blocks around it, and of what that gives only the piece's own share is kept. So
the pieces' shares put together are, to the last bit, what the whole would give, wherever the cuts
are. What one piece can't tell, such as how well the normals of a level are known at large, is
decided on the shares of all.
"""

import math
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.geometry.cuts import Blocks, Own, Piece
from twin_pipeline.geometry.patches import Patches
from twin_pipeline.geometry.planes import Surface
from twin_pipeline.geometry.pyramid import (
    MOST_THICK,
    Chosen,
    Pyramid,
    VoxelLevel,
)
from twin_pipeline.geometry.recording import Times, recording_order
from twin_pipeline.geometry.sorting import Sorted, sort_on_shelf
from twin_pipeline.kernels import voxels
from twin_pipeline.model import BoolArray, FloatArray, IntArray, PointCloud, SingleArray, frozen
from twin_pipeline.shelves import Array, Parts, Roll, Shelf, Spread

BLOCK_M = 1.28
"""Least width of a block."""

_REACH = 2.5
"""What lies up to so many radii of a tube away has a part in where its axis is voted for: the
vote lies a radius away, and three cells further the sum of the votes; a patch may lie one and a
half voxels away from its own voxel."""

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """Where large clouds are kept, and how they are worked on."""

    shelf: Shelf
    spread: Spread
    most_points: int
    """Of a piece."""
    largest_radius_m: float
    """Of the tubes that are looked for."""

    def block_level(self, voxel_size_m: float) -> int:
        """Return the level of blocks that are wide enough for what reaches from one to the next."""
        width_m = max(BLOCK_M, _REACH * self.largest_radius_m)
        return math.ceil(math.log2(width_m / voxel_size_m))


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """What is fitted to the M voxels of a level, as in `Surface`, `VoxelLevel` and `Patches`."""

    centroid: FloatArray
    normal: SingleArray
    thickness_m: SingleArray
    width_m: SingleArray
    count: npt.NDArray[np.int32]
    usable: BoolArray
    normal_std_rad: SingleArray
    bend_m: SingleArray
    bend_std_m: SingleArray


_NAMES = tuple(field.name for field in fields(_Fitted))


@dataclass(frozen=True, eq=False)
class _ShelvedLevel(VoxelLevel):
    """A level of a cloud on a shelf; what is fitted to its voxels is there too."""

    number: int
    pyramid: "PiecewisePyramid"

    @cached_property
    def table(self) -> npt.NDArray[np.int32]:
        """Hash table from voxel key to voxel index."""
        return self.pyramid.kept(voxels.hash_table(self.keys))

    @cached_property
    def surface(self) -> Surface:
        """Planes fitted around every voxel."""
        found = self.pyramid.fitted(self.number)
        return Surface(found.centroid, found.normal, found.thickness_m, found.width_m, found.count)

    @cached_property
    def usable(self) -> BoolArray:
        """(M,) False at edges, among scattered points and where the surface is thinly covered."""
        return self.pyramid.fitted(self.number).usable

    @cached_property
    def normal_std_rad(self) -> SingleArray:
        """(M,) standard deviation of the normals, radians; 1 where unusable."""
        return self.pyramid.fitted(self.number).normal_std_rad

    def normals_at(self, voxel: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return the normals (P, 3) of the planes around some voxels (P,)."""
        return np.asarray(self.surface.normal[voxel])

    def normal_std_at(self, voxel: npt.NDArray[np.int64]) -> SingleArray:
        """Return `normal_std_rad` of some voxels (P,)."""
        return np.asarray(self.normal_std_rad[voxel])

    @cached_property
    def typical_normal_std_rad(self) -> float:
        """Median of `normal_std_rad`; 1 where the level is too fine for the cloud."""
        return 1.0 if self.too_fine else median_of(self.normal_std_rad)


class PiecewisePyramid(Pyramid):
    """A pyramid of a cloud on a shelf."""

    def __init__(
        self,
        points: Sorted,
        lower: FloatArray,
        voxel_size_m: float,
        recorded: Times | None,
        bench: Bench,
        most_thick: float = MOST_THICK,
    ) -> None:
        arrays = (points.xyz, points.order, points.keys)
        super().__init__(*arrays, lower, voxel_size_m, recorded, most_thick)
        self.bench = bench
        self.blocks = points.blocks
        self._fitted: dict[int, _Fitted] = {}

    @classmethod
    def of_large(
        cls, cloud: PointCloud, voxel_size_m: float, bench: Bench, most_thick: float = MOST_THICK
    ) -> "PiecewisePyramid":
        """Sort a whole cloud."""
        lower = bounds_of(cloud.xyz)[0] - voxel_size_m
        level = bench.block_level(voxel_size_m)
        points = sort_on_shelf(
            cloud.xyz, lower, voxel_size_m, level, bench.shelf, bench.most_points
        )
        return cls(points, lower, voxel_size_m, recording_order(cloud), bench, most_thick)

    @contextmanager
    def of_others(
        self, parts: Iterable[FloatArray], most_thick: float = MOST_THICK
    ) -> Iterator["PiecewisePyramid"]:
        """Yield a pyramid of other points, some (N, 3) at a time, on a shelf of their own."""
        with self.bench.shelf.aside() as shelf:
            cloud = PointCloud(shelf.joined(parts, np.float64, 3), np.zeros(3))
            bench = replace(self.bench, shelf=shelf)
            yield PiecewisePyramid.of_large(cloud, self.voxel_size_m, bench, most_thick)

    def zeros(self, dtype: npt.DTypeLike, *shape: int) -> Array:
        """Return an array of zeros on the shelf."""
        return self.bench.shelf.empty(dtype, *shape)

    def kept(self, array: Array) -> Array:
        """Return an array with the same content on the shelf."""
        return self.bench.shelf.keep(array)

    def keys_of(self, places: FloatArray) -> npt.NDArray[np.uint64]:
        """Return keys by which places (P, 3), also beyond the grid, stand near their neighbours."""
        return np.asarray(
            voxels.morton_keys(
                frozen(np.maximum(places, self.lower)), self.lower, self.voxel_size_m
            )
        )

    def spans(self) -> list[tuple[int, int]]:
        """Return the first point, and the one after the last, of each piece."""
        starts = self.blocks.starts
        return [(int(starts[first]), int(starts[last])) for first, last in self.blocks.pieces]

    def part(self, chosen: Chosen) -> "PiecewisePyramid":
        """Return a pyramid of the chosen points on the same grid."""
        wholes: tuple[Array, ...] = (self.xyz, self.order, self.keys)
        rolls = [self.bench.shelf.roll(whole.dtype, *whole.shape[1:]) for whole in wholes]
        held = np.zeros(len(self.blocks.keys), np.int64)
        for (begin, end), (first, last) in zip(self.blocks.pieces, self.spans(), strict=True):
            kept = chosen(first, last)
            before = np.concatenate([[0], np.cumsum(kept)])
            held[begin:end] = np.diff(before[self.blocks.starts[begin : end + 1] - first])
            for roll, whole in zip(rolls, wholes, strict=True):
                roll.append(whole[first:last][kept])
        left = held > 0
        starts = np.concatenate([[0], np.cumsum(held[left])])
        blocks = replace(self.blocks, keys=self.blocks.keys[left], starts=starts)
        xyz, order, keys = (roll.finish() for roll in rolls)
        points = Sorted(xyz, order, keys, blocks)
        recorded = self.recorded.of_cloud if self.recorded is not None else None
        return PiecewisePyramid(
            points, self.lower, self.voxel_size_m, recorded, self.bench, self.most_thick
        )

    def level(self, number: int) -> VoxelLevel:
        """Return the level whose voxels are `voxel_size_m * 2**number` wide."""
        if number not in self._levels:
            # those wider than a block are few
            within = number <= self.blocks.level
            self._levels[number] = self._shelved(number) if within else super().level(number)
        return self._levels[number]

    def _shelved(self, number: int) -> VoxelLevel:
        shelf = self.bench.shelf
        keys, starts = shelf.roll(np.uint64), shelf.roll(np.int64)
        for first, last in self.spans():
            own_keys, own_starts = voxels.level_starts(self.keys[first:last], number)
            keys.append(own_keys)
            starts.append(own_starts[:-1] + first)
        starts.append(np.array([len(self.keys)]))
        size_m = self.voxel_size_m * 2**number
        # a pyramid in a circle with its levels would keep its files open until garbage is sought
        pyramid = weakref.proxy(self)
        arrays = (size_m, self.lower, self.xyz, keys.finish(), starts.finish())
        return _ShelvedLevel(*arrays, self.most_thick, number, pyramid)

    def bend(self, number: int) -> tuple[SingleArray, SingleArray]:
        """Return where the surface around lies relative to each plane of a level, and its std."""
        found = self.fitted(number)
        return found.bend_m, found.bend_std_m

    def fitted(self, number: int) -> _Fitted:
        """Return what was fitted to the voxels of a level."""
        self.fit([number])
        return self._fitted[number]

    def fit(self, numbers: Iterable[int]) -> None:
        """Fit planes around the voxels of some levels, all levels of a piece at a time."""
        wanted = tuple(sorted(set(numbers) - self._fitted.keys()))
        if not wanted:
            return
        grid = (
            self.xyz, self.keys, self.lower, self.voxel_size_m, self.most_thick, self.blocks
        )  # fmt: skip
        works = [(*grid, piece, wanted) for piece in self.blocks.pieces]
        whole = self.together(_fit_piece, works)
        for number in wanted:
            self._fitted[number] = _Fitted(*(whole[_name(number, name)] for name in _NAMES))

    def together(self, function: Any, works: Sequence[tuple[object, ...]]) -> Parts:  # noqa: ANN401
        """Return what a function makes of pieces of work, one behind the other, on the shelf."""
        rolls: dict[str, Roll] = {}
        for parts in self.bench.spread.map(function, works):
            for name, part in parts.items():
                if name not in rolls:
                    rolls[name] = self.bench.shelf.roll(part.dtype, *part.shape[1:])
                rolls[name].append(part)
        return {name: roll.finish() for name, roll in rolls.items()}


def _name(number: int, what: str) -> str:
    return f"{number}_{what}"


def _fit_piece(
    xyz: FloatArray,
    keys: npt.NDArray[np.uint64],
    lower: FloatArray,
    voxel_size_m: float,
    most_thick: float,
    blocks: Blocks,
    piece: Piece,
    numbers: tuple[int, ...],
) -> Parts:
    """Return what is fitted to the voxels of a piece, seen with what lies around it."""
    runs = [slice(*blocks.starts[list(run)]) for run in blocks.spans(blocks.with_neighbours(piece))]
    begin, end = blocks.starts[list(piece)]
    before = sum(run.stop - run.start for run in runs if run.stop <= begin)
    before += sum(begin - run.start for run in runs if run.start <= begin < run.stop)
    around = Pyramid(
        np.concatenate([xyz[run] for run in runs]),
        np.empty(0, np.uint32),
        np.concatenate([keys[run] for run in runs]),
        lower,
        voxel_size_m,
        None,
        most_thick,
    )
    parts: Parts = {}
    for number in numbers:
        level, surface = around.level(number), around.level(number).surface
        bend, bend_std = around.bend(number)
        own = slice(*np.searchsorted(level.starts, [before, before + end - begin]))
        values: tuple[Array, ...] = (
            surface.centroid, surface.normal, surface.thickness_m, surface.width_m, surface.count,
            level.usable, level.normal_std_rad, bend, bend_std,
        )  # fmt: skip
        parts |= {
            _name(number, name): value[own] for name, value in zip(_NAMES, values, strict=True)
        }
    return parts


def patches_near(patches: Patches, firsts: IntArray, blocks: Blocks, own: Own) -> Patches:
    """Return what votes for axes in a piece's space: the patches in and around it.

    Parameters
    ----------
    firsts
        (B + 1,) the first patch of each block.
    """
    runs = [slice(*firsts[list(run)]) for run in blocks.spans(own.touching)]
    centroid, normal, bend, bend_std, usable = (
        np.concatenate([whole[run] for run in runs])
        for whole in (
            patches.centroid, patches.normal, patches.bend_m, patches.bend_std_m, patches.usable,
        )
    )  # fmt: skip
    return replace(
        patches,
        centroid=centroid,
        normal=normal,
        bend_m=bend,
        bend_std_m=bend_std,
        usable=usable,
    )


def median_of(values: SingleArray) -> float:
    """Return the median of numbers (N,) that are not negative, N at least 1, some at a time.

    Such numbers have the order of their bits, of which the upper half is counted first.
    """
    bits = values.view(np.uint32)
    chunks = [bits[first : first + _CHUNK] for first in range(0, len(bits), _CHUNK)]
    upper = sum(np.bincount(chunk >> np.uint32(16), minlength=1 << 16) for chunk in chunks)
    upto = np.cumsum(upper)
    middle = []
    for rank in {(len(bits) - 1) // 2, len(bits) // 2}:
        digit = int(np.searchsorted(upto, rank, side="right"))
        lower = np.concatenate([chunk[chunk >> np.uint32(16) == digit] for chunk in chunks])
        before = int(upto[digit - 1]) if digit else 0
        middle.append(np.partition(lower, rank - before)[rank - before])
    return float(np.median(np.array(middle, np.uint32).view(np.float32)))
