"""Band-limited random textures and curves: the roughness of soil, folds, sway and drift."""

import numpy as np

from twin_pipeline.model import FloatArray

TILE_SIZE = 256


def rough_tile(rng: np.random.Generator, shortest: float, longest: float) -> FloatArray:
    """Square texture of unit rms and zero mean that repeats in both directions.

    Parameters
    ----------
    shortest, longest
        Limits of its wavelengths in cells; amplitudes grow with the wavelength.

    Returns
    -------
    (TILE_SIZE, TILE_SIZE) float64.
    """
    frequency = np.hypot(np.fft.fftfreq(TILE_SIZE)[:, None], np.fft.rfftfreq(TILE_SIZE)[None, :])
    inside = (frequency >= 1 / longest) & (frequency <= 1 / shortest)
    gain = np.where(inside, np.divide(1.0, frequency, where=inside), 0.0)
    noise = np.fft.rfft2(rng.standard_normal((TILE_SIZE, TILE_SIZE)))
    tile = np.fft.irfft2(noise * np.where(inside, gain, 0.0) ** 1.5, s=(TILE_SIZE, TILE_SIZE))
    return np.ascontiguousarray(tile / tile.std())


def fold_tile(rng: np.random.Generator) -> FloatArray:
    """Texture from 0 (tight) to 1 (slack) for the folds of a sleeve; repeats."""
    tile = rough_tile(rng, 12, 60)
    return np.clip(0.5 + 0.5 * tile, 0.0, 1.0)


def steepest(grid: FloatArray, cell: float) -> float:
    """Bound of the slope of a bilinearly interpolated grid, rise per run."""
    along_x = float(np.abs(np.diff(grid, axis=0)).max(initial=0.0))
    along_y = float(np.abs(np.diff(grid, axis=1)).max(initial=0.0))
    return float(np.hypot(along_x, along_y) / cell)


def tile_at(tile: FloatArray, u: FloatArray, v: FloatArray) -> FloatArray:
    """Values of a repeating texture, bilinear, at coordinates of period 1."""
    n = len(tile)
    a, b = (u % 1.0) * n, (v % 1.0) * n
    i, j = np.floor(a).astype(int) % n, np.floor(b).astype(int) % n
    a, b = a - np.floor(a), b - np.floor(b)
    i1, j1 = (i + 1) % n, (j + 1) % n
    low = tile[i, j] * (1 - b) + tile[i, j1] * b
    high = tile[i1, j] * (1 - b) + tile[i1, j1] * b
    return np.asarray(low * (1 - a) + high * a)


def smooth_curve(rng: np.random.Generator, time_s: FloatArray, period_s: float) -> FloatArray:
    """Random motion along three axes that changes over about `period_s`.

    Cubic interpolation of normal random knots, one every quarter of the period.

    Returns
    -------
    (N, 3) float64, about unit rms.
    """
    if len(time_s) == 0:
        return np.empty((0, 3))
    step = period_s / 4
    first = float(time_s.min())
    u = (time_s - first) / step
    knots = rng.standard_normal((int(u.max()) + 5, 3))
    k = u.astype(int)
    f = (u - k)[:, None]
    p0, p1, p2, p3 = (knots[k + n] for n in range(4))
    return np.asarray(
        p1
        + 0.5 * f * (p2 - p0 + f * (2 * p0 - 5 * p1 + 4 * p2 - p3 + f * (3 * (p1 - p2) + p3 - p0)))
    )
