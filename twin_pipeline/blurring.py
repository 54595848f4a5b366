"""Look for thin mains where noise leaves no surface of theirs to be seen.

Only in scans so noisy, and only where nothing else was found.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import scipy

from twin_pipeline.courses import trench_courses
from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.rims import Rims
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.blurred import Fit, Ridge, fitted, joined, ridges

_SURFACE_M = 0.08
_NOISE_PER_THICKNESS = 1.3
"""Much of a scanner's noise lies along rays that meet surfaces askew."""
_LEAST_NOISE_M = 0.006
_MOST_POINTS = 300_000
_RADII_M = (0.03, 0.045, 0.06)
_THINNEST_M, _THICKEST_M = 0.02, 0.075
"""Radii; what is thicker is seen otherwise in such noise."""
_SAME_M, _MOST_KNOWN = 0.12, 0.3
_MOST_RIDGES = 4
_LONG_M = 3.0
_MOST_STD, _LEAST_ARC_DEG, _LEAST_SEEN, _LEAST_RING, _MOST_HAZE = 0.12, 60.0, 0.6, 0.15, 0.25
_MOST_NOISE = 1.4
_NOISY, _MOST_OF_IT, _CONTRADICTED = 0.18, 0.8, 2.5
"""Of the radius, from which on noise is doubted to have left a tube its size; what of its length
has to show another one; and by how many sigma."""
_TURN_M, _STRAIGHT_M = 0.015, 2.5
"""An axis that leaves straights by so much turns; a pipe does so once in so many metres, a hose
more often."""


def blurred_mains(searched: Pyramid, rims: Rims, tubes: Sequence[Tube]) -> list[Tube]:
    """Return thin mains that are seen in no other way.

    Parameters
    ----------
    rims
        Of the trench.
    tubes
        What was found already. Along them nothing is looked for.
    """
    noise_m = _noise_m(searched)
    if noise_m < _LEAST_NOISE_M:
        return []
    found: list[Tube] = []
    for ridge in _ridges(searched, rims):
        if _known(ridge, (*tubes, *found)):
            continue
        fit = fitted(searched, ridge, noise_m)
        if fit is not None and _is_believed(fit, noise_m):
            found.append(fit.tube)
    return [tube for tube in joined(found) if tube.length_m * tube.observed.mean() >= _LONG_M]


def by_whole_section(searched: Pyramid, tubes: Sequence[Tube]) -> list[Tube]:
    """Return tubes, those that noise made another's size as their whole cross-section shows them.

    That is so where noise is a fifth of the radius, and where both contradict each other.
    """
    noise_m = _noise_m(searched)
    return [_by_whole_section(searched, tube, noise_m) for tube in tubes]


def _by_whole_section(searched: Pyramid, tube: Tube, noise_m: float) -> Tube:
    doubtful = tube.noise_m > _NOISY * tube.radius_m and tube.length_m >= _LONG_M
    if noise_m < _LEAST_NOISE_M or tube.radius_m > _THICKEST_M or not doubtful:
        return tube
    crest = tube.nodes + np.array([0.0, 0.0, tube.radius_m])
    fit = fitted(searched, Ridge(crest, tube.radius_m, 0.0), noise_m)
    if fit is None or not _is_believed(fit, noise_m):
        return tube
    off_m = abs(fit.tube.radius_m - tube.radius_m)
    std_m = math.hypot(fit.tube.radius_std_m, tube.radius_std_m)
    whole = fit.tube.length_m >= _MOST_OF_IT * tube.length_m
    return fit.tube if whole and off_m > _CONTRADICTED * std_m else tube


def _noise_m(searched: Pyramid) -> float:
    level = searched.level_near(_SURFACE_M)
    if not level.usable.any():
        return 0.0
    return _NOISE_PER_THICKNESS * float(np.median(level.surface.thickness_m[level.usable]))


def _ridges(searched: Pyramid, rims: Rims) -> Iterator[Ridge]:
    """Yield what stands out along the courses of a trench, the surest of each first."""
    some = _some(searched)
    for course in trench_courses(rims.legs, []):
        level = course[:2] / np.linalg.norm(course[:2])
        yield from _apart(ridges(some, level, _RADII_M))[:_MOST_RIDGES]


def _some(searched: Pyramid) -> FloatArray:
    every = max(len(searched.xyz) // _MOST_POINTS, 1)
    return np.concatenate(
        [searched.xyz[first + -first % every : last : every] for first, last in searched.spans()]
    )


def _apart(found: Sequence[Ridge]) -> list[Ridge]:
    """Return the surest of those that lie along one line."""
    kept: list[Ridge] = []
    for ridge in found:
        if all(_off_m(ridge.crest, other.crest) > _SAME_M for other in kept):
            kept.append(ridge)
    return kept


def _known(ridge: Ridge, tubes: Sequence[Tube]) -> bool:
    """Tell whether much of a ridge lies along tubes, or beside them as their bedding does."""
    known = np.zeros(len(ridge.crest), bool)
    for tube in tubes:
        line = polyline.resample(tube.nodes, _SAME_M)
        distance, _ = scipy.spatial.cKDTree(line).query(ridge.crest)
        known |= distance < tube.radius_m + _SAME_M
    return float(known.mean()) > _MOST_KNOWN


def _off_m(line: FloatArray, other: FloatArray) -> float:
    distance, _ = scipy.spatial.cKDTree(other).query(line)
    return float(np.median(distance))


def _is_believed(fit: Fit, noise_m: float) -> bool:
    """Tell whether what stands out is as round, as straight and as bare as a pipe.

    It is no noisier than the scan (metres): what is uneven passes for noise.
    """
    tube, section = fit.tube, fit.section
    seen = fit.led.nodes[fit.led.seen]
    turns = len(polyline.corners(seen, _TURN_M)) - 2
    return (
        _THINNEST_M <= tube.radius_m <= _THICKEST_M
        and tube.radius_std_m <= _MOST_STD * tube.radius_m
        and float(tube.arc_deg.max()) >= _LEAST_ARC_DEG
        and float(tube.observed.mean()) >= _LEAST_SEEN
        and float(section.ring.sum()) >= _LEAST_RING
        and section.haze <= _MOST_HAZE
        and float(np.linalg.eigvalsh(section.noise)[-1]) <= (_MOST_NOISE * noise_m) ** 2
        and turns <= tube.length_m / _STRAIGHT_M
    )
