"""What points of a cross-section are likely: a ring, soil beside it, and haze, blurred by noise.

The noise of a scanner lies along its rays, so it is wider one way than the other; its covariance
is part of what is asked for. How dense points are around the ring is a smooth curve; beside it lie
banks of soil, on either side a curve of its own that meets the ring. Nothing is expanded in powers
of the noise over the radius, so that this holds where noise is half of the radius.

Frame: across and up, square to an axis, metres. M = cells of a histogram, K = places on the ring,
J = places on the banks.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from twin_pipeline.model import FloatArray, IntArray

_CELLS_PER_NOISE = 3.0
_RING_STEP_DEG = 5.0
DEGREE = 4
"""Of the curve that tells how dense points are around the ring."""
_RING_SHARE, _SOIL_SHARE, _HAZE_SHARE = 0.4, 0.55, 0.05
_BANK_STEP = 0.4
"""Of the noise, between places on the banks."""
_ROUGH = 0.3
"""What the height of banks varies by along the axis in the beginning, of the noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What ring and banks may look like."""

    ring_deg: float = 110.0
    """Of the ring, on either side of its top."""
    bent: bool = True
    """Whether banks may be bent in the cross-section, not just slope."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Points of a cross-section counted in square cells; only cells that hold some."""

    place: FloatArray
    """(M, 2)"""
    count: FloatArray
    """(M,)"""
    size_m: float
    half_m: float
    """Half of the width of the square that is divided into cells."""


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A ring with what is around it. Shares sum up to 1."""

    radius_m: float
    centre: FloatArray
    """(2,)"""
    noise: FloatArray
    """(2, 2) covariance."""
    ring: FloatArray
    """(K,) shares of points; none where the ring goes into banks."""
    shape: FloatArray
    """Coefficients of the logarithm of the ring's density."""
    soil: FloatArray
    """(J,) shares of points."""
    banks: FloatArray
    """(2, 3) height, slope and bend of the banks to the left and to the right."""
    roughness: float
    """Variance of the banks' heights along the axis."""
    haze: float
    """Share of points that lie anywhere."""
    scale_m: float
    """The noise as it was guessed; places of soil are so far apart."""
    half_m: float
    layout: Layout
    log_likelihood: float = -math.inf
    """Of the points, as it was before the last step."""

    @property
    def noise_m(self) -> float:
        """One direction's noise, on the mean."""
        return math.sqrt(0.5 * float(np.trace(self.noise)))

    @property
    def shows_a_ring(self) -> bool:
        """Whether any points are the ring's."""
        return bool(self.ring.any())

    @property
    def angles(self) -> FloatArray:
        """(K,) places on the ring from its top, radians."""
        return _angles(self.layout)

    @property
    def ring_places(self) -> FloatArray:
        """(K, 2) places on the ring."""
        return self.centre + self.radius_m * outwards(self.layout)

    @property
    def soil_places(self) -> FloatArray:
        """(J, 2) places on the banks."""
        height = np.einsum("ji,ji->j", bank_basis(self), self.banks[bank_side(self)])
        return np.column_stack([_bank_line(self), height])

    @property
    def soil_noise(self) -> FloatArray:
        """(2, 2) covariance of soil's points."""
        return self.noise + np.diag([0.0, self.roughness])

    def log_density(self, place: FloatArray, size_m: float) -> FloatArray:
        """Return the logarithm (M,) of the share of points in cells (M, 2) of a size."""
        ring, soil = ring_seen(self, place, size_m), soil_seen(self, place, size_m)
        haze = self.haze * (size_m / (2.0 * self.half_m)) ** 2
        return np.asarray(np.log(mixed(ring, self.ring) + mixed(soil, self.soil) + haze))


def reach_m(radius_m: float, noise_m: float) -> float:
    """Return how far around an axis points tell of a ring and the soil beside it."""
    return radius_m + 4.0 * noise_m + 0.02


def counted(off: FloatArray, half_m: float, noise_m: float) -> Cells:
    """Count points (N, 2) within a square in cells that are small against the noise."""
    across = round(2.0 * half_m / (noise_m / _CELLS_PER_NOISE))
    size_m = 2.0 * half_m / across
    inside = (np.abs(off) < half_m).all(axis=1)
    cell = np.minimum(((off[inside] + half_m) / size_m).astype(np.int64), across - 1)
    count = np.bincount(cell[:, 0] * across + cell[:, 1], minlength=across * across)
    held = np.flatnonzero(count)
    place = np.column_stack([held // across, held % across]) + 0.5
    return Cells(
        np.asarray(place * size_m - half_m), count[held].astype(np.float64), size_m, half_m
    )


def guessed(cells: Cells, radius_m: float, noise_m: float, layout: Layout) -> Section:
    """Return a ring around the axis, evenly seen, with level soil on both sides."""
    ring = np.full(len(_angles(layout)), _RING_SHARE / len(_angles(layout)))
    banks = np.zeros((2, 3))
    banks[:, 0] = [_level(cells, -1.0, radius_m), _level(cells, 1.0, radius_m)]
    section = Section(
        radius_m, np.zeros(2), noise_m**2 * np.eye(2), ring, np.zeros(DEGREE), np.zeros(0), banks,
        (_ROUGH * noise_m) ** 2, _HAZE_SHARE, noise_m, cells.half_m, layout,
    )  # fmt: skip
    places = len(section.soil_places)
    return replace(section, soil=np.full(places, _SOIL_SHARE / places))


def _level(cells: Cells, side: float, radius_m: float) -> float:
    """Return the median height of what lies on one side of a ring."""
    beside = side * cells.place[:, 0] > radius_m
    if not beside.any():
        return -radius_m
    order = np.argsort(cells.place[beside, 1])
    count = np.cumsum(cells.count[beside][order])
    return float(cells.place[beside, 1][order][np.searchsorted(count, 0.5 * count[-1])])


def ring_seen(now: Section, place: FloatArray, size_m: float) -> FloatArray:
    """Return what shares of the ring (M, K) noise takes to each cell (M, 2)."""
    return _blurred(place, now.ring_places, now.noise, size_m)


def soil_seen(now: Section, place: FloatArray, size_m: float) -> FloatArray:
    """Return the same for soil (M, J), which lies outside of the circle."""
    places = now.soil_places
    off = places - now.centre
    outside = np.hypot(off[:, 0], off[:, 1]) > now.radius_m
    seen = _blurred(place, places, now.soil_noise, size_m)
    seen *= outside
    return seen


def bare_ring(now: Section) -> FloatArray:
    """Return how much of places (K,) on the ring stands out of the soil, gradually, 0 to 1."""
    places = now.ring_places
    side = (places[:, 0] > now.centre[0]).astype(np.int64)
    height = np.einsum("ki,ki->k", _basis_at(now, places[:, 0]), now.banks[side])
    return np.asarray(np.clip(0.5 + (places[:, 1] - height) / (0.5 * now.scale_m), 0.0, 1.0))


def _bank_line(section: Section) -> FloatArray:
    reach, step = section.half_m + section.scale_m, _BANK_STEP * section.scale_m
    return np.asarray(np.arange(-reach, reach, step))


def bank_side(section: Section) -> IntArray:
    """Return on which side (J,) of the ring places on the banks lie."""
    return (_bank_line(section) > section.centre[0]).astype(np.int64)


def bank_basis(section: Section) -> FloatArray:
    """Return what height, slope and bend of a bank do at its places (J, 3)."""
    return _basis_at(section, _bank_line(section))


def _basis_at(section: Section, across: FloatArray) -> FloatArray:
    """Return what height, slope and bend of a bank do (N, 3) at places across the axis (N,)."""
    beside = (np.abs(across - section.centre[0]) - section.radius_m) / section.half_m
    return np.asarray(np.column_stack([np.ones(len(beside)), beside, beside**2]))


def mixed(blurred: FloatArray, shares: FloatArray) -> FloatArray:
    """Return how likely cells (M,) are, the same with any number of threads."""
    return np.asarray(np.einsum("ms,s->m", blurred, shares))


def _angles(layout: Layout) -> FloatArray:
    count = round(2.0 * layout.ring_deg / _RING_STEP_DEG)
    return np.radians(np.linspace(-layout.ring_deg, layout.ring_deg, count + 1))


def outwards(layout: Layout) -> FloatArray:
    """Return unit vectors (K, 2) from the centre to the places on the ring."""
    angles = _angles(layout)
    return np.column_stack([np.sin(angles), np.cos(angles)])


def _blurred(
    place: FloatArray, sources: FloatArray, noise: FloatArray, size_m: float
) -> FloatArray:
    """Return what share (M, S) of each source's (S, 2) points noise takes to each cell (M, 2)."""
    spread = noise + size_m**2 / 12.0 * np.eye(2)
    (a, b), (_, d) = np.linalg.inv(spread)
    scale = size_m**2 / (2.0 * np.pi * math.sqrt(np.linalg.det(spread)))
    across = place[:, None, 0] - sources[:, 0]
    up = place[:, None, 1] - sources[:, 1]
    # in place: to make such arrays takes longer than to fill them
    square, other = a * across, 2.0 * b * across
    square *= across
    other *= up
    square += other
    np.multiply(d, up, out=other)
    other *= up
    square += other
    square *= -0.5
    np.exp(square, out=square)
    square *= scale
    return np.asarray(square)
