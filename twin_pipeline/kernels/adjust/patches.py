"""Points within patches around others, and how they lie in a tube's cross-section.

Frame: along a tube and across it, lengths along it shortened as patches are longer; metres.
"""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import ONLY_LOOPS, jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@jit(cache=True, nogil=True, parallel=ONLY_LOOPS)
def section_moments(
    places: FloatArray, partners: FloatArray, first: IntArray, last: IntArray, reach: float
) -> FloatArray:
    """Return counts, and sums of the offsets across, of what lies around each of some places.

    Parameters
    ----------
    places, partners
        (N, 3) and (M, 3), along and across; partners rise along.
    first, last
        (N,) the first partner that may lie within reach of a place, and the one after the last.
    reach
        Metres.

    Returns
    -------
    (N, 6) count, u, v, uu, uv, vv: sums over partners of offsets from the place.
    """
    moments = np.empty((len(places), 6))
    for i in prange(len(places)):
        along, across, up = places[i, 0], places[i, 1], places[i, 2]
        n = u = v = uu = uv = vv = 0.0
        for j in range(first[i], last[i]):
            dt, du, dv = partners[j, 0] - along, partners[j, 1] - across, partners[j, 2] - up
            if dt * dt + du * du + dv * dv <= reach * reach:
                n += 1.0
                u += du
                v += dv
                uu += du * du
                uv += du * dv
                vv += dv * dv
        moments[i, 0], moments[i, 1], moments[i, 2] = n, u, v
        moments[i, 3], moments[i, 4], moments[i, 5] = uu, uv, vv
    return moments
