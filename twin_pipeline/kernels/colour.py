"""Colours of vertices, chosen so that they pack well and still tell the scan's own code."""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

OPAQUE = 65535


@jit(cache=True, nogil=True)
def easily_packed(
    codes: npt.NDArray[np.uint8], least: npt.NDArray[np.int32], most: npt.NDArray[np.int32]
) -> npt.NDArray[np.uint16]:
    """Return linear light (N, 4), opaque, of colours (N, 3) whose codes allow a range each.

    Parameters
    ----------
    codes
        (N, 3) uint8, red, green, blue of each point.
    least, most
        (256,) int32: the range of linear light, 0 ... 65535, that stands for a code; it has less
        than 256 values, so that each low byte stands in it once at most.

    Notes
    -----
    The packing codes the differences of one vertex to the next byte by byte. A low byte that stays
    the same costs nothing, and most ranges hold a value with the low byte of the vertex before. So
    the low byte is kept as long as the ranges allow it, and is chosen anew to last longest.
    """
    light = np.empty((len(codes), 4), np.uint16)
    column = np.empty(len(codes), np.uint8)
    lengths = most - least
    for channel in range(3):
        for n in range(len(codes)):
            column[n] = codes[n, channel]
        start = 0
        while start < len(codes):
            low, end = _longest_run(column, start, least, lengths)
            for n in range(start, end):
                first = least[column[n]]
                light[n, channel] = first + ((low - first) & 255)
            start = end
    light[:, 3] = OPAQUE
    return light


@jit(cache=True, nogil=True)
def _longest_run(
    codes: npt.NDArray[np.uint8],
    start: int,
    least: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
) -> tuple[int, int]:
    """Return a low byte that as many points from `start` on as possible can have, and their end.

    The bytes possible so far are an arc of the circle of 256; each point's range is another.
    """
    low, reach = 0, 255
    for n in range(start, len(codes)):
        code = codes[n]
        length = lengths[code]
        ahead = (least[code] - low) & 255
        inside = ahead <= reach
        if not inside and 256 - ahead > length:
            return low, n
        # Without branches, which would often be guessed wrong.
        low = (low + ahead) & 255 if inside else low
        reach = min(reach - ahead, length) if inside else min(reach, length + ahead - 256)
    return low, len(codes)
