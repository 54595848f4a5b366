"""Medians of few values, which are asked for in every step of an adjustment."""

import numpy as np

from twin_pipeline.model import FloatArray


def median(values: FloatArray) -> float:
    """Return what `np.median` does of some finite values (N,), N > 0.

    Of some hundreds that takes a fifth of its time.
    """
    ordered, count = np.sort(values), len(values)
    return 0.5 * float(ordered[(count - 1) // 2] + ordered[count // 2])
