"""Colours of vertices, chosen so that they pack well and still tell the scan's own code."""

import numba
import numpy as np
import numpy.typing as npt

OPAQUE = 65535


@numba.njit(cache=True, nogil=True)
def easily_packed(
    codes: npt.NDArray[np.uint8], least: npt.NDArray[np.int32], most: npt.NDArray[np.int32]
) -> npt.NDArray[np.uint16]:
    """Return linear light (N, 4), opaque, of colours (N, 3) whose codes allow a range each.

    Parameters
    ----------
    codes
        (N, 3) uint8, red, green, blue of each point.
    least, most
        (256,) int32: the range of linear light, 0 ... 65535, that stands for a code.

    Notes
    -----
    The packing codes the differences of one vertex to the next byte by byte. A low byte that stays
    the same costs nothing, and most ranges hold a value with the low byte of the vertex before. So
    the low byte is kept as long as the ranges allow it, and is chosen anew to last longest.
    """
    light = np.empty((len(codes), 4), np.uint16)
    for channel in range(3):
        before = 0
        start = 0
        while start < len(codes):
            low, end = _longest_run(codes[:, channel], start, least, most)
            for n in range(start, end):
                code = codes[n, channel]
                before = _nearest_like(low, before, least[code], most[code])
                light[n, channel] = before
            start = end
    for n in range(len(codes)):
        light[n, 3] = OPAQUE
    return light


@numba.njit(cache=True, nogil=True)
def _longest_run(
    codes: npt.NDArray[np.uint8],
    start: int,
    least: npt.NDArray[np.int32],
    most: npt.NDArray[np.int32],
) -> tuple[int, int]:
    """Return a low byte that as many points from `start` on as possible can have, and their end.

    The bytes possible so far are an arc of the circle of 256; each point's range is another.
    """
    low, reach = 0, 255
    for n in range(start, len(codes)):
        code = codes[n]
        first, length = least[code] & 255, most[code] - least[code]
        if length >= 255:
            continue
        ahead, behind = (first - low) & 255, (low - first) & 255
        from_first = min(reach - ahead, length)
        from_low = min(reach, length - behind)
        if max(from_first, from_low) < 0:
            return low, n
        if from_first >= from_low:
            low, reach = first, from_first
        else:
            reach = from_low
    return low, len(codes)


@numba.njit(cache=True, nogil=True)
def _nearest_like(low: int, before: int, least: int, most: int) -> int:
    """Return the value from `least` to `most` with a low byte, nearest to the one before."""
    first = least + ((low - least) & 255)
    last = most - ((most - low) & 255)
    wanted = (before & ~255) | low
    return min(max(wanted, first), last)
