"""Find straight bars that hang free across a trench, as what crosses it does.

There a pipe needs no surface to be told by: what lies in one line, with nothing around it, shows in
some dozens of points.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.kernels import bars
from twin_pipeline.model import FloatArray

_TURNS_DEG = tuple(range(-36, 37, 4))
"""From square across the trench; two degrees off, a bar of a metre stays in its box."""
_SAME_DEG = 1.5
_CELL_M, _SLAB_M = 0.015, 0.1
_HALVES = np.array([2, 3, 4, 6, 8], np.int32)
_CLEAR, _BLOCK = 10, 6
_LEAST_POINTS, _LEAST_SLABS = 25, 4
_PIECE_M, _OVERLAP_M = (16.0, 15.0, 6.0), (5.0, 0.5, 0.5)
"""What is looked at together, along bars, across and up, and what pieces share: all of a bar and
of what has to be clear around it."""


@dataclass(frozen=True, slots=True, eq=False)
class Bar:
    """Where a bar may hang; local frame, metres."""

    start: FloatArray
    """(3,)"""
    end: FloatArray
    """(3,)"""
    half_m: float
    """Half of the width of what holds it."""
    worth: float
    """How many points show it, less those around it."""


def find_bars(xyz: FloatArray, courses: Sequence[FloatArray]) -> list[Bar]:
    """Return bars that hang free, the best first, some of them several times.

    Parameters
    ----------
    xyz
        (N, 3) points without those of what is known, metres, local frame.
    courses
        Directions (3,) in which the trench runs.
    """
    found = [bar for heading in _headings(courses) for bar in _along(xyz, heading)]
    return sorted(found, key=lambda bar: (-bar.worth, *bar.start, *bar.end))


def _headings(courses: Sequence[FloatArray]) -> Iterator[float]:
    """Yield headings across the courses, radians, each once."""
    tried: list[float] = []
    for course in courses:
        square = math.degrees(math.atan2(course[1], course[0])) + 90.0
        for turn in _TURNS_DEG:
            heading = (square + turn) % 180.0
            if all(abs((heading - other + 90.0) % 180.0 - 90.0) > _SAME_DEG for other in tried):
                tried.append(heading)
                yield math.radians(heading)


def _along(xyz: FloatArray, heading: float) -> Iterator[Bar]:
    """Yield the bars that run in one direction."""
    onward = np.array([math.cos(heading), math.sin(heading), 0.0])
    aside = np.array([-onward[1], onward[0], 0.0])
    for places in _pieces(np.column_stack([xyz @ onward, xyz @ aside, xyz[:, 2]])):
        for worth, _, first, last, across, up, half in bars.free_bars(
            places, _CELL_M, _SLAB_M, _HALVES, _CLEAR, _LEAST_POINTS, _LEAST_SLABS, _BLOCK
        ):
            off = across * aside + np.array([0.0, 0.0, up])
            yield Bar(first * onward + off, last * onward + off, float(half), float(worth))


def _pieces(places: FloatArray, axes: Sequence[int] = (1, 0, 2)) -> Iterator[FloatArray]:
    """Yield the places (n, 3) of pieces that overlap, those with too few for a bar left out.

    The cells of a large extent at once would take more room and time than all else.
    """
    if len(places) < _LEAST_POINTS:
        return
    if not axes:
        yield places
        return
    axis, *others = axes
    along, length_m = places[:, axis], _PIECE_M[axis]
    if np.ptp(along) <= length_m:
        yield from _pieces(places, others)
        return
    order = np.argsort(along, kind="stable")
    along, step_m = along[order], length_m - _OVERLAP_M[axis]
    start_m, last = float(along[0]), 0
    while last < len(along):
        first = int(np.searchsorted(along, start_m))
        last = int(np.searchsorted(along, start_m + length_m, side="right"))
        # in their old order neighbours lie near each other in memory
        yield from _pieces(places[np.sort(order[first:last])], others)
        if last < len(along):
            # from one place to the next nothing may lie for kilometres
            start_m = max(start_m + step_m, float(along[last]) - _OVERLAP_M[axis])
