"""Which sectors of the cross-section belong to the tube alone.

Frame: local, metres. N = points, seen from the axis as `look_along` has it; S = slices along the
axis, B = sectors around it.
"""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit
from twin_pipeline.kernels.adjust.arcs import longest_arcs, profiles
from twin_pipeline.kernels.adjust.near_shell import sector_counts
from twin_pipeline.kernels.adjust.scatter import in_chosen, median_of_positive
from twin_pipeline.kernels.adjust.tube import Seen

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SECTORS = 36
_POINTS_PER_SECTOR = 60
_SOUND, _CLEAN = 0.85, 0.95
"""Share of normals that fit, of what usually does: where soil may touch, and where none does."""
_USUAL = 0.8
"""Quantile of the sectors around the axis at which normals fit as they usually do."""
_FILLED = 0.25
_NARROW, _FINER = 8, 2
"""Sectors from which on an arc can spare those beside soil; finer ones show more exactly where
that begins."""
_POINTS_PER_SLICE = 4000
_NEAR_SIGMAS = 4.0


@jit(cache=True, nogil=True)
def sectors_on_circle(
    seen: Seen,
    residual: FloatArray,
    used: int,
    length: float,
    radius: float,
    start_radius: float,
    noise: float,
) -> BoolArray:
    """Return which points (N,) lie in sectors that together keep to a circle.

    A stretch has none where no arc does.

    Parameters
    ----------
    seen, residual
        Result of `look_along`; (N,) metres.
    used
        How many points carry weight.
    length, radius, start_radius, noise
        Of the axis; of the tube now and in the beginning; standard deviation of a point; metres.
    """
    chainage, _, _, _, angle, _ = seen
    slices = max(used // _POINTS_PER_SLICE, 1)
    profile = profiles(chainage, angle, residual, _NEAR_SIGMAS * noise, slices / length, slices)
    return in_chosen(
        chainage, angle, slices / length, longest_arcs(profile, noise, radius, start_radius)
    )


@jit(cache=True, nogil=True)
def sectors_of_tube(
    seen: Seen,
    residual: FloatArray,
    used: int,
    length: float,
    radius: float,
    band: float,
    min_cosine: float,
) -> BoolArray:
    """Return which points (N,) lie in sectors that belong to the tube alone.

    A sector of a slice goes when clearly fewer than 85 % of its points near the shell have a normal
    that fits, or when it holds less than a quarter of the median filling; so does one on either
    side.
    Slices are long enough to hold some dozens of points a sector: with few, those that happen to
    scatter inwards would be chosen.

    Parameters
    ----------
    seen, residual, used, length, radius
        As of `sectors_on_circle`.
    band
        Largest residual of a point near the shell, metres.
    min_cosine
        Least cosine of the angle between normal and radial vector of a point that fits.
    """
    chainage, _, _, _, angle, cosine = seen
    per_m = max(used / length, 1.0)
    slice_m = min(max(0.25, 2.0 * radius, 0.4 * SECTORS * _POINTS_PER_SECTOR / per_m), 2.0)
    slices = max(int(length / slice_m), 1)
    each = length / slices + 1e-9
    agree = cosine > min_cosine
    shell, good = sector_counts(chainage, angle, residual, agree, band, each, slices, SECTORS)
    clean = _clean(shell, good, _SOUND)
    kept = np.zeros((slices, _FINER * SECTORS), np.bool_)
    any_narrow = False
    narrow = np.zeros(slices, np.bool_)
    for s in range(slices):
        wide = 0
        for b in range(SECTORS):
            if clean[s, b - 1] and clean[s, b] and clean[s, (b + 1) % SECTORS]:
                kept[s, _FINER * b : _FINER * (b + 1)] = True
                wide += 1
        narrow[s] = wide < _NARROW
        any_narrow |= wide < _NARROW
    if any_narrow:
        shell, good = sector_counts(
            chainage, angle, residual, agree, band, each, slices, _FINER * SECTORS
        )
        clean = _clean(shell, good, _CLEAN)
        for s in range(slices):
            if narrow[s]:
                kept[s] = clean[s]
    return in_chosen(chainage, angle, slices / length, kept)


@jit(cache=True, nogil=True)
def _clean(shell: IntArray, good: IntArray, share: float) -> BoolArray:
    """Return which sectors (S, B) of slices are filled, and hold little but points that fit.

    Parameters
    ----------
    shell, good
        (S, B) points near the shell, and those of them whose normals fit.
    share
        Of what usually fits, that has to.
    """
    slices, sectors = shell.shape
    usual = _usual(shell, good)
    clean = np.zeros((slices, sectors), np.bool_)
    for s in range(slices):
        least = _FILLED * median_of_positive(good[s])
        for b in range(sectors):
            chance = 1.5 * np.sqrt(usual * (1.0 - usual) * shell[s, b])
            fits = good[s, b] >= share * usual * shell[s, b] - chance
            clean[s, b] = fits and good[s, b] >= least and good[s, b] > 0
    return clean


@jit(cache=True, nogil=True)
def _usual(shell: IntArray, good: IntArray) -> float:
    """Return the share of the points near the shell that usually fits, 1 where there are none."""
    sectors = shell.shape[1]
    passing = np.empty(sectors)
    count = 0
    for b in range(sectors):
        total = shell[:, b].sum()
        if total > 0:
            passing[count] = good[:, b].sum() / total
            count += 1
    if count == 0:
        return 1.0
    ordered = np.sort(passing[:count])
    at = _USUAL * (count - 1)
    low = int(at)
    lower, upper = ordered[low], ordered[min(low + 1, count - 1)]
    if at - low < 0.5:
        return lower + (at - low) * (upper - lower)
    return upper - (low + 1 - at) * (upper - lower)
