"""Search for the section under which points are likeliest, by expectation and maximisation.

Frame: that of `section`. M = cells of a histogram, K = places on the ring, J = places on the banks.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from twin_pipeline.kernels import threads
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.blurred.section import (
    DEGREE,
    Cells,
    Section,
    bank_basis,
    bank_side,
    bare_ring,
    mixed,
    outwards,
    ring_seen,
    soil_seen,
)

_RIDGE = 1e-4
_SLOPE_STD, _BEND_STD = 1.0, 1.0
"""Of a bank's height over half the width that is looked at, beforehand, in that width."""
_ROUGHEST_M = 0.02
_NEXT_TO_NONE, _NO_RING = 1e-6, 0.02
_HELD = 15
"""Steps in which shares settle before the circle moves."""
_WORSE = 20
"""Steps after which a search that led to nothing likelier ends."""
_RELAXED = 1.8
_HELD_BY = 1e-4
"""Of what points weigh, what holds a circle of which too little is seen where it is."""
_LEAST_NOISE = 0.1
"""Of the noise as it was guessed, in any direction."""
_LEAST_RADIUS_M, _MOST_RADIUS_M = 0.012, 0.12
_SETTLED_M = 2e-6


def likeliest(cells: Cells, start: Section, steps: int, *, hold: bool = True) -> Section:
    """Return the section under which points are likeliest, by expectation and maximisation.

    Parameters
    ----------
    hold
        Whether shares settle before the circle moves; not where it comes from such a search.
    """
    now = best = start
    held = _HELD if hold else 0
    worse = 0
    for step in range(steps):
        now = _laid_bare(now)
        following = _improved(cells, now, moves=step >= held, relaxed=step > held + 3)
        worse = worse + 1 if following.log_likelihood < best.log_likelihood else 0
        if not worse:
            best = replace(now, log_likelihood=following.log_likelihood)
        settled = step > held and _differs_m(following, now) < _SETTLED_M
        now = following
        if settled or worse == _WORSE or not now.shows_a_ring:
            break
    return best


def likeliest_of(
    begun: Sequence[tuple[Cells, Section]], steps: int, *, hold: bool = True
) -> list[Section]:
    """Return what `likeliest` does for each of some cells and starts, side by side."""
    with ThreadPoolExecutor(threads()) as pool:
        return list(pool.map(lambda one: likeliest(one[0], one[1], steps, hold=hold), begun))


def _improved(cells: Cells, now: Section, *, moves: bool, relaxed: bool) -> Section:
    """Take a step: whose each point is, then the section that suits that best."""
    ring, soil = (
        ring_seen(now, cells.place, cells.size_m),
        soil_seen(now, cells.place, cells.size_m),
    )
    haze = now.haze * (cells.size_m / (2.0 * cells.half_m)) ** 2
    likely = mixed(ring, now.ring) + mixed(soil, now.soil) + haze
    per_share = cells.count / likely
    total = float(cells.count.sum())
    across, up = cells.place.T
    moments = np.column_stack([
        np.ones(len(up)), across, up, across * across, across * up, up * up
    ]) * per_share[:, None]  # fmt: skip
    sums = now.ring[:, None] * np.einsum("mk,mi->ki", ring, moments)
    lain = now.soil[:, None] * np.einsum("mj,mi->ji", soil, moments[:, [0, 2, 5]])
    if sums[:, 0].sum() < _NO_RING * total:
        return replace(now, ring=np.zeros(len(now.ring)), log_likelihood=-math.inf)
    shape, shares = _smooth(now, sums[:, 0] / total)
    better = replace(
        now, ring=shares, shape=shape, haze=haze * float(per_share.sum()) / total,
        soil=np.maximum(lain[:, 0] / total, _NEXT_TO_NONE / len(now.soil)),
        log_likelihood=float(cells.count @ np.log(likely)),
    )  # fmt: skip
    if not moves:
        return better
    better = _banked(better, now, lain, cells.size_m)
    own, sums = sums[:, 0], sums[:, 1:]
    return _moved(better, own, sums, cells.size_m, _RELAXED if relaxed else 1.0)


def _banked(better: Section, now: Section, lain: FloatArray, size_m: float) -> Section:
    """Return the section with banks where the soil's points (J, 3) lie: count, height, square.

    Their roughness is all that they are spread by, as yet.
    """
    side, basis = bank_side(now), bank_basis(now)
    spread = now.soil_noise[1, 1]
    banks = now.banks.copy()
    stds = np.array([1.0, _SLOPE_STD, _BEND_STD if now.layout.bent else 1e-6]) * now.half_m
    for number in range(2):
        own = side == number
        weighted = basis[own] * lain[own, :1]
        normal = weighted.T @ basis[own] / spread + np.diag(stds**-2)
        banks[number] = np.linalg.solve(normal, basis[own].T @ lain[own, 1] / spread)
    height = now.soil_places[:, 1]
    square = float((lain[:, 2] - 2.0 * height * lain[:, 1] + height**2 * lain[:, 0]).sum())
    spread = square / max(float(lain[:, 0].sum()), 1.0) - size_m**2 / 12.0
    return replace(better, banks=banks, roughness=min(spread, _ROUGHEST_M**2))


def _smooth(now: Section, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the smooth curve that is nearest to the shares (K,) of the ring, and its shares."""
    total, basis, bare = float(shares.sum()), _curves(now), bare_ring(now)
    shape = now.shape
    for _ in range(2):
        curve = _density(basis @ shape, bare)
        mean = basis.T @ curve
        bend = (basis * curve[:, None]).T @ basis - np.outer(mean, mean) + _RIDGE * np.eye(DEGREE)
        slope = basis.T @ (shares / total) - mean - _RIDGE * shape
        shape = shape + np.clip(np.linalg.solve(bend, slope), -1.0, 1.0)
    return shape, total * _density(basis @ shape, bare)


def _laid_bare(now: Section) -> Section:
    """Return the section with all of the ring's points where it stands out of the banks now."""
    total = float(now.ring.sum())
    return replace(now, ring=total * _density(_curves(now) @ now.shape, bare_ring(now)))


def _curves(now: Section) -> FloatArray:
    return np.column_stack([(now.angles / now.angles[-1]) ** k for k in range(1, DEGREE + 1)])


def _density(logarithm: FloatArray, bare: FloatArray) -> FloatArray:
    """Return a density (K,) around the ring where it is bare (K,), which sums up to 1."""
    curve = bare * np.exp(logarithm - logarithm.max())
    return np.asarray(curve / max(float(curve.sum()), _NEXT_TO_NONE))


def _moved(
    now: Section, own: FloatArray, sums: FloatArray, size_m: float, factor: float
) -> Section:
    """Return the section with the circle and the noise that suit the ring's points (K,) best."""
    out = outwards(now.layout)
    weight = np.linalg.inv(now.noise)
    by = np.zeros((len(out), 2, 3))
    by[:, 0, 0] = by[:, 1, 1] = 1.0
    by[:, :, 2] = out
    normal = np.einsum("k,kia,ij,kjb->ab", own, by, weight, by)
    right = np.einsum("kia,ij,kj->a", by, weight, sums[:, :2])
    old = np.append(now.centre, now.radius_m)
    held = _HELD_BY * float(own.sum()) / now.noise_m**2
    normal, right = normal + held * np.eye(3), right + held * old
    new = old + factor * (np.linalg.solve(normal, right) - old)
    m = now.ring_places
    square = np.array([
        (sums[:, 2] - 2.0 * m[:, 0] * sums[:, 0] + own * m[:, 0] ** 2).sum(),
        (sums[:, 3] - m[:, 0] * sums[:, 1] - m[:, 1] * sums[:, 0] + own * m[:, 0] * m[:, 1]).sum(),
        (sums[:, 4] - 2.0 * m[:, 1] * sums[:, 1] + own * m[:, 1] ** 2).sum(),
    ])  # fmt: skip
    noise = square[[[0, 1], [1, 2]]] / own.sum() - size_m**2 / 12.0 * np.eye(2)
    radius_m = float(np.clip(new[2], _LEAST_RADIUS_M, _MOST_RADIUS_M))
    soil, ring = float(now.soil.sum()), float(now.ring.sum())
    rough = now.roughness - noise[1, 1]
    if rough < 0.0:
        # the noise of soil is no less than the ring's
        less = max(1.0 + rough * soil / (soil + ring) / noise[1, 1], _LEAST_NOISE**2)
        by = np.array([1.0, math.sqrt(less)])
        noise = noise * by * by[:, None]
    return replace(
        now, centre=new[:2], radius_m=radius_m, roughness=max(rough, 0.0),
        noise=_no_less(noise, (_LEAST_NOISE * now.scale_m) ** 2),
    )  # fmt: skip


def _no_less(noise: FloatArray, least: float) -> FloatArray:
    """Return a covariance (2, 2) with no less than a variance in any direction."""
    variances, directions = np.linalg.eigh(noise)
    if variances[0] >= least:
        return noise
    return np.asarray((directions * np.maximum(variances, least)) @ directions.T)


def _differs_m(now: Section, before: Section) -> float:
    moved = float(np.abs(now.centre - before.centre).max())
    return max(moved, abs(now.radius_m - before.radius_m))
