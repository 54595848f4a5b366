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
        (N, 3) and (3, M), along and across; partners rise along.
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
        (
            moments[i, 0], moments[i, 1], moments[i, 2],
            moments[i, 3], moments[i, 4], moments[i, 5],
        ) = _sums_around(
            places[i, 0], places[i, 1], places[i, 2], partners, first[i], last[i], reach * reach
        )  # fmt: skip
    return moments


@jit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _sums_around(
    along: float,
    across: float,
    up: float,
    partners: FloatArray,
    first: int,
    last: int,
    reach2: float,
) -> tuple[float, float, float, float, float, float]:
    """Return the sums of one place, without branches, so that several partners go at a time."""
    t, u, v = partners[0, first:last], partners[1, first:last], partners[2, first:last]
    n = su = sv = suu = suv = svv = 0.0
    for j in range(len(t)):
        dt, du, dv = t[j] - along, u[j] - across, v[j] - up
        within = 1.0 if dt * dt + du * du + dv * dv <= reach2 else 0.0
        wu, wv = within * du, within * dv
        n += within
        su += wu
        sv += wv
        suu += wu * du
        suv += wu * dv
        svv += wv * dv
    return n, su, sv, suu, suv, svv
