"""Runs of flags along an axis."""

import numpy as np

from twin_pipeline.model import BoolArray


def stretches(flags: BoolArray) -> list[tuple[int, int]]:
    """Return the first and last index of each run of True in flags (K,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]
