"""Point records as scan files hold them."""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit


@jit(cache=True, nogil=True)
def coordinates(
    records: npt.NDArray[np.uint8],
    scale: npt.NDArray[np.float64],
    offset: npt.NDArray[np.float64],
    order: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return the coordinates (N, 3) of records.

    Parameters
    ----------
    records
        (N, at least 12) uint8, which begin with three signed words of 32 bits, lowest byte first.
    scale, offset
        (3,) float64: a stored number times its scale, plus its offset, is the coordinate.
    order
        (3,) which of the stored numbers stands in each column.
    """
    made = np.empty((len(records), 3), np.float64)
    for n in range(len(records)):
        for column in range(3):
            stored = order[column]
            word = np.uint32(0)
            for byte in range(4):
                word |= np.uint32(records[n, 4 * stored + byte]) << np.uint32(8 * byte)
            made[n, column] = np.int32(word) * scale[stored] + offset[stored]
    return made
