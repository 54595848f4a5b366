"""Counting distinct things in a stream with fixed memory."""

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]


class DistinctCounter:
    """Estimates how many distinct integer tuples it has seen (linear counting).

    Whang, Vander-Zanden, Taylor 1990: with m slots, of which z stay empty, n is about
    m log(m / z). The standard error is below 0.1 % up to a few million, and the result does not
    depend on the order in which tuples come.
    """

    def __init__(self, slots_log2: int) -> None:
        self._shift = np.uint64(64 - slots_log2)
        self._seen = np.zeros(1 << slots_log2, dtype=np.bool_)

    def add(self, *columns: npt.NDArray[np.int64]) -> None:
        """Take in the tuples whose parts are the entries of `columns`, each (N,)."""
        mixed = np.zeros(len(columns[0]), dtype=np.uint64)
        for column in columns:
            mixed = _scramble(mixed ^ column.view(np.uint64))
        self._seen[mixed >> self._shift] = True

    def estimate(self) -> float:
        """Return the estimated number of distinct tuples, infinite when all slots are taken."""
        slots = len(self._seen)
        empty = slots - int(np.count_nonzero(self._seen))
        return float("inf") if empty == 0 else slots * float(np.log(slots / empty))


def _scramble(words: Words) -> Words:
    """Mix 64-bit words, the finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
