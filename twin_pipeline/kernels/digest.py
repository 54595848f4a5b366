"""A sum over points that does not depend on their order, to tell whether two sets are the same."""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

Words = npt.NDArray[np.uint64]


@jit(cache=True, nogil=True)
def mix_in(state: Words, column: npt.NDArray[np.integer], salt: int) -> None:
    """Mix a column (N,) of whole numbers into the points' states (N,), in place.

    Notes
    -----
    The finaliser of splitmix64 (Steele, Lea, Flood 2014). Without the salt a column's value could
    be moved to the next column unnoticed.
    """
    start = np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15)
    for n in range(len(state)):
        word = (state[n] ^ np.uint64(column[n])) + start
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state[n] = word ^ (word >> np.uint64(31))
