"""Moves whole rows of an array about; NumPy does it an element at a time."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

Word = TypeVar("Word", bound=np.generic)


@jit(cache=True, nogil=True)
def bounds(rows: npt.NDArray[Word]) -> tuple[npt.NDArray[Word], npt.NDArray[Word]]:
    """Return the least and the greatest of each column of numbers (N, W), N at least 1."""
    least, most = rows[0].copy(), rows[0].copy()
    for word in range(rows.shape[1]):
        low, high = rows[0, word], rows[0, word]
        for n in range(1, len(rows)):
            low = min(low, rows[n, word])
            high = max(high, rows[n, word])
        least[word], most[word] = low, high
    return least, most


@jit(cache=True, nogil=True)
def counted(
    rows: npt.NDArray[np.int32],
    columns: npt.NDArray[np.int64],
    zeros: npt.NDArray[np.int64],
    signs: npt.NDArray[np.int64],
    width: int,
) -> npt.NDArray[np.uint16]:
    """Return some columns of rows (N, W), each counted from its zero up or down.

    `columns`, `zeros` and `signs`, 1 or -1, are (C,) each. The rows that are returned, (N, width),
    end with zeros.
    """
    made = np.zeros((len(rows), width), np.uint16)
    for n in range(len(rows)):
        for place in range(len(columns)):
            away = np.int64(rows[n, columns[place]]) - zeros[place]
            made[n, place] = np.uint16(away * signs[place])
    return made


@jit(cache=True, nogil=True)
def gather(rows: npt.NDArray[Word], order: npt.NDArray[np.uint32]) -> npt.NDArray[Word]:
    """Return the rows (N, W) at the places `order`, (M,), one after the other."""
    width = rows.shape[1]
    taken = np.empty((len(order), width), rows.dtype)
    for n in range(len(order)):
        m = order[n]
        for word in range(width):
            taken[n, word] = rows[m, word]
    return taken


@jit(cache=True, nogil=True)
def gather_into(
    place: npt.NDArray[Word], values: npt.NDArray[Word], order: npt.NDArray[np.uint32]
) -> None:
    """Fill `place`, (M, W), any strides, with the rows of `values`, (N, W), at `order`, (M,)."""
    for n in range(len(order)):
        for word in range(place.shape[1]):
            place[n, word] = values[order[n], word]


@jit(cache=True, nogil=True)
def split(
    rows: npt.NDArray[Word], chosen: npt.NDArray[np.bool_], count: int
) -> tuple[npt.NDArray[Word], npt.NDArray[Word]]:
    """Return the `count` rows (N, W) that are chosen, (N,), and those that are not, in order."""
    width = rows.shape[1]
    taken = np.empty((count, width), rows.dtype)
    left = np.empty((len(rows) - count, width), rows.dtype)
    t, r = 0, 0
    for n in range(len(rows)):
        if chosen[n]:
            for word in range(width):
                taken[t, word] = rows[n, word]
            t += 1
        else:
            for word in range(width):
                left[r, word] = rows[n, word]
            r += 1
    return taken, left
