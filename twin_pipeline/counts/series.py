"""Counts on a regular axis of time, and what stood in windows that lie elsewhere on it."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Counts of consecutive bins."""

    begin_min: int
    """Beginning of the first bin, minutes since 1970."""
    step_min: int
    """Length of a bin."""
    counts: FloatArray
    """(N,); NaN where nothing was counted."""

    @property
    def starts(self) -> FloatArray:
        """Return (N,) beginnings of the bins, minutes since 1970."""
        return self.begin_min + self.step_min * np.arange(len(self.counts), dtype=float)


def series_of(found: dict[int, float | None], step_min: int) -> Series:
    """Return counts by beginning as a series; bins that are not there are missing."""
    begin, last = min(found), max(found)
    counts = np.full((last - begin) // step_min + 1, np.nan)
    for start, count in found.items():
        if count is not None:
            counts[(start - begin) // step_min] = count
    return Series(begin, step_min, counts)


def windowed(series: Series, starts: FloatArray, width_min: int) -> tuple[FloatArray, FloatArray]:
    """Return what was counted in windows, and how uncertain their cut makes that.

    A window that cuts a bin gets its share of it, as if the bin's vehicles had come at any minute
    alike: then the share of n vehicles has the variance n f (1 - f) of the binomial distribution.

    Parameters
    ----------
    starts
        (K,) beginnings of the windows, minutes.
    width_min
        Their length.

    Returns
    -------
    tuple
        Expected counts (K,) and variances of the cut (K,); NaN where a bin is missing.
    """
    step, counts = series.step_min, series.counts
    known = np.concatenate([[0.0], np.cumsum(np.nan_to_num(counts))])
    missing = np.concatenate([[0], np.cumsum(np.isnan(counts))])
    first = (starts - series.begin_min) / step
    last = first + width_min / step
    low, high = np.floor(first + 1e-9).astype(int), np.ceil(last - 1e-9).astype(int)
    inside = (low >= 0) & (high <= len(counts))
    low, high = np.where(inside, low, 0), np.where(inside, high, 1)
    head, tail = first - low, high - last
    head, tail = np.where(np.abs(head) < 1e-9, 0.0, head), np.where(np.abs(tail) < 1e-9, 0.0, tail)
    begin_count, end_count = counts[low], counts[high - 1]
    value = known[high] - known[low] - head * begin_count - tail * end_count
    spread = head * (1 - head) * begin_count + tail * (1 - tail) * end_count
    whole = inside & (missing[high] == missing[low])
    return np.where(whole, value, np.nan), np.where(whole, spread, np.nan)
