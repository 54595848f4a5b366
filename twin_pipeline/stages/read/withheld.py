"""Points flagged withheld: whoever made the scan wants them left out of all processing.

ASPRS LAS 1.4 R15, classification flags: "should not be included in processing (synonymous with
Deleted)". Synthetic, key and overlap points are measured as any other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin_pipeline.bounds import bounds_of
from twin_pipeline.errors import InputError
from twin_pipeline.model import BoolArray, FloatArray, IntArray, PointChunk
from twin_pipeline.shelves import Roll, Shelf
from twin_pipeline.stages.read.layout import FIRST_EXTENDED

Records = npt.NDArray[np.void]

FLAG = "withheld"
"""Name of the dimension."""

_LEAST_SHARE = 0.001
_SPAN = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Withheld:
    """The points of a scan that are flagged withheld."""

    places: IntArray
    """(W,) which points of the file they are, ascending."""
    total: int
    """Points of the file, they among them."""
    lower: FloatArray
    """(3,) lowest of their coordinates, scan frame, metres; infinite where there are none."""
    upper: FloatArray
    """(3,) highest of their coordinates."""

    def told(self) -> Iterator[str]:
        """Say how many there are, if there are any."""
        count = len(self.places)
        if count:
            yield (
                f"{count:,} of {self.total:,} points ({_percent(count / self.total)}) are flagged "
                "withheld: nothing is found or measured by them, tiles keep them"
            )

    def used_spans(self) -> Iterator[tuple[int, BoolArray]]:
        """Yield which points are not withheld, span by span of the file, each with its first."""
        for first in range(0, self.total, _SPAN):
            used = np.ones(min(_SPAN, self.total - first), np.bool_)
            begin, end = np.searchsorted(self.places, (first, first + len(used)))
            used[self.places[begin:end] - first] = False
            yield first, used


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f} %" if share >= _LEAST_SHARE else "less than 0.1 %"


class Sieve:
    """Takes the withheld points out of chunks, and remembers them; on a shelf, if there is one."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._places: list[IntArray] = []
        self._roll: Roll | None = shelf.roll(np.int64) if shelf is not None else None
        self._total = 0
        self._lower, self._upper = np.full(3, np.inf), np.full(3, -np.inf)

    def used(self, chunks: Iterable[PointChunk]) -> Iterator[PointChunk]:
        """Yield chunks without them, the others as they are; `start` is where a chunk began."""
        for chunk in chunks:
            self._total = chunk.start + len(chunk.xyz)
            flagged = chunk.attributes[FLAG] != 0
            if flagged.any():
                self._note(chunk, flagged)
                yield without(chunk, flagged)
            else:
                yield chunk

    def _note(self, chunk: PointChunk, flagged: BoolArray) -> None:
        places = chunk.start + np.flatnonzero(flagged)
        if self._roll is not None:
            self._roll.append(places)
        else:
            self._places.append(places)
        lower, upper = bounds_of(chunk.xyz[flagged])
        self._lower, self._upper = np.minimum(self._lower, lower), np.maximum(self._upper, upper)

    def withheld(self) -> Withheld:
        """Return what was taken out, once all chunks have passed."""
        if self._roll is not None:
            places = self._roll.finish()
        else:
            places = np.concatenate([np.empty(0, np.int64), *self._places])
        return Withheld(places, self._total, self._lower, self._upper)


def flags_of(records: Records, point_format: int) -> npt.NDArray[np.uint8]:
    """Return 1 for each of point records (N,) that is flagged withheld, else 0."""
    if point_format < FIRST_EXTENDED:
        return records["raw_classification"] >> np.uint8(7)
    return records["classification_flags"] >> np.uint8(2) & np.uint8(1)


def without(chunk: PointChunk, flagged: BoolArray) -> PointChunk:
    """Return a chunk without the flagged points."""
    kept = ~flagged
    attributes = {name: values[kept] for name, values in chunk.attributes.items()}
    return PointChunk(chunk.start, chunk.xyz[kept], attributes)


def all_withheld(path: object, total: int) -> InputError:
    """Return what is to be told of a scan that has no other points."""
    return InputError(
        f"{path}: all of its {total:,} points are flagged withheld, which means not to be used: "
        "clear the flag in the program that set it, or export the scan again without it"
    )
