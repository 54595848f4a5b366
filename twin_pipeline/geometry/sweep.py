"""Closed solids swept along a polyline; the frame of the polyline, metres."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from twin_pipeline.model import FloatArray

_NEAREST_M = 0.001
"""Vertices nearer to each other than this have no direction of their own."""

_SHARPEST_COS = 0.5
"""A section at a kink is stretched by 1 / cos(half the turn), at most twofold."""

_STEEP = 0.94
"""Sine of the slope from which on a section has no upright of its own: 70 degrees."""


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A closed surface of triangles."""

    positions: FloatArray
    """(V, 3) float64, metres; each corner once."""
    triangles: npt.NDArray[np.int64]
    """(T, 3) numbers of corners, counter-clockwise seen from outside."""


def swept(centreline: FloatArray, section: FloatArray, *, upright: bool = False) -> Solid:
    """Sweep a section along a polyline and close both ends.

    Parameters
    ----------
    centreline
        (K, 3) float64, metres, K at least 2, of some length.
    section
        (S, 2) float64, metres: convex, as (to the right, upwards) seen in the direction of
        travel, and counter-clockwise so.
    upright
        Keep the section's sides vertical, as far as the line is not steep. Else it turns as
        little as possible from one segment to the next.

    Raises
    ------
    ValueError
        Where all vertices are the same place.

    Notes
    -----
    Each segment carries the section unchanged; at a vertex both segments' sections are brought,
    along the segment, onto the plane that bisects the turn, where they meet.
    """
    vertices = _distinct(np.asarray(centreline, dtype=np.float64))
    directions = _unit(np.diff(vertices, axis=0))
    right = _upright(directions) if upright else _carried(directions)
    up = np.cross(right, directions)
    across = section[None, :, :1] * right[:, None] + section[None, :, 1:] * up[:, None]
    rings = vertices[:, None] + _at_vertices(across, directions)
    return Solid(rings.reshape(-1, 3), _faces(len(vertices), len(section)))


def circle(radius_m: float, sides: int) -> FloatArray:
    """Return a regular polygon (sides, 2) of the circle's own radius, with a corner on top."""
    angles = np.pi / 2 + np.arange(sides) * (2 * np.pi / sides)
    return radius_m * np.column_stack((np.cos(angles), np.sin(angles)))


def square(half_m: float) -> FloatArray:
    """Return the corners (4, 2) of a square about its centre."""
    return half_m * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])


def _distinct(vertices: FloatArray) -> FloatArray:
    kept = [vertices[0]]
    for vertex in vertices[1:]:
        if np.linalg.norm(vertex - kept[-1]) >= _NEAREST_M:
            kept.append(vertex)
    if len(kept) < 2:
        raise ValueError("a centreline needs two vertices that are at different places")
    return np.array(kept)


def _unit(vectors: FloatArray) -> FloatArray:
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit


def _level(direction: FloatArray) -> FloatArray:
    """Return the horizontal unit vector to the right of a direction, any where it is vertical."""
    east, north, _ = direction
    if abs(east) + abs(north) < 1e-9:
        return np.array([1.0, 0.0, 0.0])
    return _unit(np.array([north, -east, 0.0]))


def _upright(directions: FloatArray) -> FloatArray:
    """Return (K - 1, 3) what lies to the right in each segment, level where nothing is steep."""
    if np.abs(directions[:, 2]).max() > _STEEP:
        return _carried(directions)
    return np.array([_level(direction) for direction in directions])


def _carried(directions: FloatArray) -> FloatArray:
    """Return (K - 1, 3) what lies to the right, carried on by the least rotation."""
    right = [_level(directions[0])]
    for before, after in pairwise(directions):
        axis, cosine = np.cross(before, after), float(before @ after)
        v = right[-1]
        if cosine > -1 + 1e-9:  # Rodrigues' rotation that takes `before` to `after`
            v = cosine * v + np.cross(axis, v) + axis * (axis @ v) / (1 + cosine)
        right.append(_unit(v - (v @ after) * after))
    return np.array(right)


def _at_vertices(across: FloatArray, directions: FloatArray) -> FloatArray:
    """Return (K, S, 3) where the sections of the segments meet, from each vertex."""
    inner = (_onto(across[:-1], directions[:-1], directions[1:])
             + _onto(across[1:], directions[1:], directions[:-1])) / 2.0  # fmt: skip
    return np.concatenate((across[:1], inner, across[-1:]))


def _onto(across: FloatArray, own: FloatArray, other: FloatArray) -> FloatArray:
    """Move a section along its segment onto the plane that bisects it and its neighbour."""
    normal = own + other
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = np.where(length > 1e-6, normal / np.maximum(length, 1e-12), own)
    cosine = np.maximum(np.einsum("ki,ki->k", own, normal), _SHARPEST_COS)
    ahead = np.einsum("ksi,ki->ks", across, normal) / cosine[:, None]
    moved: FloatArray = across - ahead[..., None] * own[:, None]
    return moved


def _faces(rings: int, sides: int) -> npt.NDArray[np.int64]:
    ring, side = np.meshgrid(np.arange(rings - 1), np.arange(sides), indexing="ij")
    a, b = ring * sides + side, ring * sides + (side + 1) % sides
    barrel = np.stack((a, b + sides, b, a, a + sides, b + sides), axis=-1).reshape(-1, 3)
    fan = np.arange(1, sides - 1)
    first = np.stack((np.zeros_like(fan), fan, fan + 1), axis=1)
    last = first[:, ::-1] + (rings - 1) * sides
    return np.concatenate((barrel, first, last)).astype(np.int64)
