"""Rays of a hand-held scanner on its walk."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic.axis import TrenchAxis
from twin_pipeline.synthetic.scanner import Pass, Scanner
from twin_pipeline.synthetic.texture import smooth_curve

LINES = 32
LINE_FAN_RAD = np.deg2rad(40.0)
SPIN_HZ = 10.0
PRECESSION_HZ = 0.37
SPIN_TILT_RAD = np.deg2rad(50.0)
SWAY_PERIOD_S = 1.6
CAMERA_FIELD = (np.tan(np.deg2rad(32.0)), np.tan(np.deg2rad(25.0)))
CAMERA_SWING_S = 4.0
IMAGE_HZ = 15.0
HIGHEST_SLOPE = 0.05


@dataclass(frozen=True, eq=False)
class Rays:
    """Rays in the order of time."""

    origins: FloatArray
    """(N, 3) site frame."""
    directions: FloatArray
    """(N, 3) unit vectors."""
    time_s: FloatArray
    """(N,) since the start of the pass."""


def default_passes(axis: TrenchAxis) -> tuple[Pass, ...]:
    """Along the trench with the arm held out over its right edge, and back over its left edge."""
    beside = axis.half_width_m(0.0) - 0.1
    first, last = -0.5, axis.route.length_m + 0.5
    there = ((first, -beside, 1.5), (last, -beside, 1.5))
    back = ((last, beside, 1.6), (first, beside, 1.6))
    return (Pass(stations=there), Pass(stations=back))


def cast(
    scanner: Scanner, walk: Pass, axis: TrenchAxis, count: int, rng: np.random.Generator
) -> Rays:
    """Rays of one pass; those that point up are left out.

    Parameters
    ----------
    count
        Rays emitted, evenly in time.
    """
    stations = np.asarray(walk.stations)
    steps = np.linalg.norm(np.diff(stations, axis=0), axis=1)
    mileage = np.concatenate([[0.0], np.cumsum(steps)])
    duration = max(mileage[-1] / scanner.speed_m_s, 1.0)
    sway_seed, look_seed, ray_seed = rng.integers(2**63, size=3)
    time = (np.arange(count) + 0.5) * duration / count
    frame = np.floor(time * IMAGE_HZ)
    if scanner.device == "phone":
        time = frame / IMAGE_HZ
    here = np.stack(
        [np.interp(time / duration * mileage[-1], mileage, column) for column in stations.T], axis=1
    )
    xy, heading = axis.plan(here[:, 0], here[:, 1])
    p = axis.pavement
    z = here[:, 2] + p.grade * xy[:, 0] + p.crossfall * xy[:, 1]
    origins = np.column_stack([xy, z])
    origins += scanner.sway_m * _curve(sway_seed, time, duration, SWAY_PERIOD_S)
    if scanner.device == "spinning":
        directions = _spinning(time, np.random.default_rng(ray_seed))
    else:
        look = _curve(look_seed, time, duration, CAMERA_SWING_S)
        draw = np.random.default_rng(ray_seed)
        directions = _camera(origins, here, heading, axis, look, frame, draw)
    down = directions[:, 2] < HIGHEST_SLOPE
    return Rays(origins[down], directions[down], time[down])


def _curve(seed: int, time: FloatArray, duration: float, period_s: float) -> FloatArray:
    """Random motion that doesn't depend on how many rays sample it."""
    padded = np.concatenate([[0.0, duration], time])
    return smooth_curve(np.random.default_rng(seed), padded, period_s)[2:]


def _spinning(time: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Lines in a fan about a spinning plane whose axis is tilted and turns slowly."""
    line = np.arange(len(time)) % LINES
    fan = (line / (LINES - 1) - 0.5) * LINE_FAN_RAD
    spin = 2 * np.pi * (SPIN_HZ * time + rng.random(len(time)) * 0.002)
    turn = 2 * np.pi * PRECESSION_HZ * time
    flat = np.stack([np.cos(fan) * np.cos(spin), np.cos(fan) * np.sin(spin), np.sin(fan)], axis=1)
    c, s = np.cos(SPIN_TILT_RAD), np.sin(SPIN_TILT_RAD)
    x, z = c * flat[:, 0] + s * flat[:, 2], c * flat[:, 2] - s * flat[:, 0]
    y = flat[:, 1]
    return np.stack(
        [np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y, z], axis=1
    )


def _camera(
    origins: FloatArray,
    here: FloatArray,
    heading: FloatArray,
    axis: TrenchAxis,
    look: FloatArray,
    frame: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Rays of a depth camera, its wide side across the trench, that is swung about.

    Each of its images, numbered by `frame` (N,), is read out row by row.
    """
    ahead = here[:, 0] + 0.5 * look[:, 0]
    target_xy, _ = axis.plan(ahead, 0.3 * look[:, 1])
    down = 0.7 * axis.depth_m(ahead)
    p = axis.pavement
    target_z = p.grade * target_xy[:, 0] + p.crossfall * target_xy[:, 1] - down
    forward = _unit(np.column_stack([target_xy, target_z]) - origins)
    along = np.column_stack([heading, np.zeros(len(heading))])
    up = _unit(along - np.sum(along * forward, axis=1, keepdims=True) * forward)
    right = np.cross(forward, up)
    u, v = _pixels(frame, rng)
    return _unit(forward + u[:, None] * right + v[:, None] * up)


def _pixels(frame: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Image coordinates (tangents) of rays, row by row in each image, on a shifted raster."""
    _, first, which, count = np.unique(
        frame, return_index=True, return_inverse=True, return_counts=True
    )
    width, height = CAMERA_FIELD
    rows = np.maximum(1.0, np.rint(np.sqrt(count * height / width)))[which]
    scanline = (np.arange(len(frame)) - first[which]) * rows / count[which]
    shift = rng.random((2, len(count)))[:, which]
    u = 2 * ((scanline + shift[0]) % 1.0) - 1
    v = 2 * (np.floor(scanline) + shift[1]) / rows - 1
    return width * u, height * v


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
