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
    column = np.empty(len(codes), np.uint8)
    for channel in range(3):
        for n in range(len(codes)):
            column[n] = codes[n, channel]
        before = 0
        start = 0
        while start < len(codes):
            low, end = _longest_run(column, start, least, most)
            for n in range(start, end):
                code = column[n]
                before = _nearest_like(low, before, least[code], most[code])
                light[n, channel] = before
            start = end
    light[:, 3] = OPAQUE
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
        length = most[code] - least[code]
        if length >= 255:
            continue
        ahead = (least[code] - low) & 255
        if ahead <= reach:
            low = (low + ahead) & 255
            reach = min(reach - ahead, length)
        else:
            behind = 256 - ahead
            if behind > length:
                return low, n
            reach = min(reach, length - behind)
    return low, len(codes)


@numba.njit(cache=True, nogil=True)
def _nearest_like(low: int, before: int, least: int, most: int) -> int:
    """Return the value from `least` to `most` with a low byte, nearest to the one before."""
    first = least + ((low - least) & 255)
    wanted = max((before & ~255) | low, first)
    return wanted if wanted <= most else most - ((most - low) & 255)
