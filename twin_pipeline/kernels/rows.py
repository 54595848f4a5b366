"""Moves whole rows of an array about; NumPy does it an element at a time."""

from typing import TypeVar

import numba
import numpy as np
import numpy.typing as npt

Word = TypeVar("Word", bound=np.generic)


@numba.njit(cache=True, nogil=True)
def gather(rows: npt.NDArray[Word], order: npt.NDArray[np.uint32]) -> npt.NDArray[Word]:
    """Return the rows (N, W) at the places `order`, (M,), one after the other."""
    width = rows.shape[1]
    taken = np.empty((len(order), width), rows.dtype)
    for n in range(len(order)):
        m = order[n]
        for word in range(width):
            taken[n, word] = rows[m, word]
    return taken


@numba.njit(cache=True, nogil=True)
def gather_into(
    place: npt.NDArray[Word], values: npt.NDArray[Word], order: npt.NDArray[np.uint32]
) -> None:
    """Fill `place`, (M, W), any strides, with the rows of `values`, (N, W), at `order`, (M,)."""
    for n in range(len(order)):
        for word in range(place.shape[1]):
            place[n, word] = values[order[n], word]


@numba.njit(cache=True, nogil=True)
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
