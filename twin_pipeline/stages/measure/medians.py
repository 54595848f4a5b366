"""Medians of few values, which are asked for in every step of an adjustment."""

import numpy as np

from twin_pipeline.model import FloatArray, IntArray


def median(values: FloatArray) -> float:
    """Return what `np.median` does of some finite values (N,), N > 0.

    Of some hundreds that takes a fifth of its time.
    """
    ordered, count = np.sort(values), len(values)
    return 0.5 * float(ordered[(count - 1) // 2] + ordered[count // 2])


def median_of_filled(counts: IntArray) -> FloatArray:
    """Return the median of what is not zero in each row of counts (S, B); 0 where nothing is."""
    ordered = np.sort(counts, axis=1)
    rows, columns = counts.shape
    filled = np.count_nonzero(counts, axis=1)
    low, high = columns - 1 - filled // 2, columns - 1 - np.maximum(filled - 1, 0) // 2
    each = np.arange(rows)
    return np.asarray(0.5 * (ordered[each, low] + ordered[each, high]))
