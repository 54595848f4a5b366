"""Closed tubes along centrelines, and lines where a tube would be too narrow to be seen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin_pipeline.model import FloatArray

SIDES = 48
"""Corners of a ring unless said otherwise."""

SHARPEST_COS = 0.5
"""Rings at a kink are stretched by 1 / cos(half the turn), at most twofold: a turn of 120 deg."""

STRAIGHT = 1e-9
"""Directions that differ by less, as unit vectors, are the same."""

NEAREST_M = 0.001
"""Vertices nearer to each other than this have no direction of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Triangles, seen from outside counter-clockwise, or lines."""

    positions: FloatArray
    """(V, 3) float64, metres."""
    normals: FloatArray
    """(V, 3) float64, unit vectors, outward; (0, 3) of lines."""
    triangles: npt.NDArray[np.uint32]
    """(T, 3) uint32, vertex numbers; (T, 2) of lines."""

    @property
    def is_lines(self) -> bool:
        """Whether it has no surface."""
        return self.triangles.shape[1] == 2


def tube(
    centreline: FloatArray,
    radius_m: float | FloatArray,
    *,
    sides: int = SIDES,
    spread_m: FloatArray | None = None,
) -> Mesh:
    """Sweep a circle along a polyline and close both ends.

    Parameters
    ----------
    centreline
        (K, 3) float64, metres, K at least 2, of some length.
    radius_m
        Radius of the circle, metres; (K,) where it changes.
    sides
        Corners of a ring.
    spread_m
        (3,) metres by which the surface lies farther out, by the direction it looks in.

    Raises
    ------
    ValueError
        Where all vertices are the same place.

    Notes
    -----
    Rings stand on the bisecting planes of the polyline, so that the barrel keeps its radius
    through bends. They are turned as little as possible from one to the next: rotation-minimizing
    frames by double reflection (Wang, Juttler, Zheng, Liu, ACM ToG 27(1), 2008).
    """
    vertices, radii = _distinct(np.asarray(centreline, dtype=np.float64), radius_m)
    directions = _unit(np.diff(vertices, axis=0))
    tangents = _tangents(directions)
    spokes = _spokes(vertices, tangents, sides)
    rings = vertices[:, None] + radii[:, None, None] * _stretched(spokes, directions, tangents)
    if spread_m is not None:
        rings = rings + spread_m * spokes
    ends = [
        _cap(vertices[0], rings[0], -directions[0]),
        _cap(vertices[-1], rings[-1][::-1], directions[-1]),
    ]
    barrel = Mesh(
        rings.reshape(-1, 3), spokes.reshape(-1, 3), _barrel_triangles(len(vertices), sides)
    )
    return joined([barrel, *ends])


def line(centreline: FloatArray) -> Mesh:
    """Return a polyline (K, 3), metres, as lines from vertex to vertex."""
    starts = np.arange(len(centreline) - 1)
    segments = np.stack((starts, starts + 1), axis=1).astype(np.uint32)
    return Mesh(np.asarray(centreline, np.float64), np.empty((0, 3)), segments)


def joined(meshes: list[Mesh]) -> Mesh:
    """Return all meshes as one; they are all of triangles, or all of lines."""
    offsets = np.cumsum([0, *(len(mesh.positions) for mesh in meshes[:-1])])
    triangles = [mesh.triangles + np.uint32(o) for mesh, o in zip(meshes, offsets, strict=True)]
    return Mesh(
        np.concatenate([mesh.positions for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate(triangles),
    )


def _distinct(vertices: FloatArray, radius_m: float | FloatArray) -> tuple[FloatArray, FloatArray]:
    radii = np.broadcast_to(np.asarray(radius_m, np.float64), len(vertices))
    if (np.linalg.norm(np.diff(vertices, axis=0), axis=1) >= NEAREST_M).all():
        return vertices, radii
    kept = [0]
    for n in range(1, len(vertices)):
        if np.linalg.norm(vertices[n] - vertices[kept[-1]]) >= NEAREST_M:
            kept.append(n)
    if len(kept) < 2:
        raise ValueError("a centreline needs two vertices that are at different places")
    return vertices[kept], radii[kept]


def _unit(vectors: FloatArray) -> FloatArray:
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit


def _tangents(directions: FloatArray) -> FloatArray:
    """Return a unit normal of each ring's plane: the bisector of the segments beside it."""
    sums = np.concatenate((directions[:1], directions[:-1] + directions[1:], directions[-1:]))
    straight_back = np.linalg.norm(sums, axis=1) < 1e-6
    sums[straight_back] = np.concatenate((directions[:1], directions))[straight_back]
    return _unit(sums)


def _spokes(vertices: FloatArray, tangents: FloatArray, sides: int) -> FloatArray:
    """Return (K, sides, 3) unit vectors from the axis outward, counter-clockwise seen along it."""
    angles = np.arange(sides) * (2 * np.pi / sides)
    first = _unit(np.cross(tangents[0], np.eye(3)[np.argmin(np.abs(tangents[0]))]))
    right = np.empty_like(tangents)
    right[0] = first
    # Where neither ring's plane is turned against the other's, nor the axis, the frame stays.
    turned = np.linalg.norm(np.diff(tangents, axis=0), axis=1) > STRAIGHT
    turned |= np.linalg.norm(_unit(np.diff(vertices, axis=0)) - tangents[:-1], axis=1) > STRAIGHT
    for step in range(len(vertices) - 1):
        kept = right[step]
        right[step + 1] = _next_frame(kept, vertices, tangents, step) if turned[step] else kept
    right = right[:, None]
    up = np.cross(tangents[:, None], right)
    spokes: FloatArray = right * np.cos(angles)[:, None] + up * np.sin(angles)[:, None]
    return spokes


def _next_frame(
    right: FloatArray, vertices: FloatArray, tangents: FloatArray, step: int
) -> FloatArray:
    """Reflect a frame in the plane between two vertices, then into the next tangent."""
    chord = vertices[step + 1] - vertices[step]
    square = chord @ chord
    right = right - (2 / square) * (chord @ right) * chord
    tangent = tangents[step] - (2 / square) * (chord @ tangents[step]) * chord
    turn = tangents[step + 1] - tangent
    square = turn @ turn
    if square > 1e-24:
        right = right - (2 / square) * (turn @ right) * turn
    return _unit(right - (right @ tangents[step + 1]) * tangents[step + 1])


def _stretched(spokes: FloatArray, directions: FloatArray, tangents: FloatArray) -> FloatArray:
    """Lengthen the spokes across a kink so that the barrel on both sides keeps its radius."""
    across = np.zeros_like(tangents)
    across[1:-1] = directions[1:] - directions[:-1]
    length = np.linalg.norm(across, axis=1)
    cosine = np.sqrt(np.maximum(1 - (length / 2) ** 2, SHARPEST_COS**2))
    outward = across / np.maximum(length, 1e-12)[:, None]
    along = np.einsum("ksi,ki->ks", spokes, outward)
    stretch = (1 / cosine - 1)[:, None] * along
    stretched: FloatArray = spokes + stretch[..., None] * outward[:, None]
    return stretched


def _barrel_triangles(rings: int, sides: int) -> npt.NDArray[np.uint32]:
    ring, side = np.meshgrid(np.arange(rings - 1), np.arange(sides), indexing="ij")
    a = ring * sides + side
    b = ring * sides + (side + 1) % sides
    # Each triangle shares an edge with the one before it, which packs best.
    triangles = np.stack((a, b + sides, a + sides, a, b, b + sides), axis=-1)
    return triangles.reshape(-1, 3).astype(np.uint32)


def _cap(centre: FloatArray, ring: FloatArray, normal: FloatArray) -> Mesh:
    """Return a disc; the ring runs clockwise seen from outside."""
    positions = np.concatenate((centre[None], ring))
    sides = len(ring)
    side = np.arange(sides)
    triangles = np.stack((np.zeros(sides), 1 + (side + 1) % sides, 1 + side), axis=1)
    return Mesh(positions, np.tile(normal, (sides + 1, 1)), triangles.astype(np.uint32))
