"""Centrelines of straight pieces and circular arcs, tangent to each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin_pipeline.errors import UsageError
from twin_pipeline.model import FloatArray


@dataclass(frozen=True, eq=False)
class Line:
    """A straight piece."""

    start: FloatArray
    direction: FloatArray
    length_m: float

    def at(self, along: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points and tangents (N, 3) at distances along the piece."""
        tangents = np.broadcast_to(self.direction, (len(along), 3))
        return self.start + along[:, None] * self.direction, tangents

    def along(self, points: FloatArray) -> FloatArray:
        """(N,) distance along the prolonged piece of the feet of points."""
        return np.asarray((points - self.start) @ self.direction)


@dataclass(frozen=True, eq=False)
class Arc:
    """A circular bend in any plane."""

    centre: FloatArray
    radial: FloatArray
    """Unit vector from the centre to the start."""
    tangent: FloatArray
    """Direction at the start."""
    radius_m: float
    angle_rad: float

    @property
    def length_m(self) -> float:
        """Length of the arc."""
        return self.radius_m * self.angle_rad

    @property
    def normal(self) -> FloatArray:
        """Axis of the turn from `radial` to `tangent`."""
        return np.asarray(np.cross(self.radial, self.tangent), dtype=np.float64)

    def at(self, along: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points and tangents (N, 3) at distances along the arc."""
        angle = (along / self.radius_m)[:, None]
        outward = np.cos(angle) * self.radial + np.sin(angle) * self.tangent
        forward = np.cos(angle) * self.tangent - np.sin(angle) * self.radial
        return self.centre + self.radius_m * outward, forward

    def along(self, points: FloatArray) -> FloatArray:
        """(N,) distance along the prolonged arc of the feet of points."""
        q = points - self.centre
        middle = 0.5 * self.angle_rad
        turn = np.arctan2(q @ self.tangent, q @ self.radial) - middle
        turn = (turn + math.pi) % (2 * math.pi) - math.pi
        return np.asarray(self.radius_m * (turn + middle))


@dataclass(frozen=True, eq=False)
class Route:
    """Lines and arcs in order."""

    pieces: tuple[Line | Arc, ...]

    @cached_property
    def starts(self) -> FloatArray:
        """(K,) chainage at the start of each piece."""
        lengths = [piece.length_m for piece in self.pieces]
        return np.concatenate([[0.0], np.cumsum(lengths)[:-1]])

    @property
    def length_m(self) -> float:
        """Length of all pieces."""
        return float(self.starts[-1] + self.pieces[-1].length_m)

    def at(self, chainage: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points and unit tangents, each (N, 3), at chainages; the ends are prolonged."""
        piece_of = np.clip(
            np.searchsorted(self.starts, chainage, side="right") - 1, 0, len(self.pieces) - 1
        )
        points, tangents = np.empty((len(chainage), 3)), np.empty((len(chainage), 3))
        for k, piece in enumerate(self.pieces):
            here = piece_of == k
            points[here], tangents[here] = piece.at(chainage[here] - self.starts[k])
        return points, tangents

    def project(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Chainage of the nearest point of the centreline and distance to it, each (N,)."""
        best = np.full(len(points), np.inf)
        chainage = np.zeros(len(points))
        for start, piece in zip(self.starts, self.pieces, strict=True):
            along = np.clip(piece.along(points), 0.0, piece.length_m)
            distance = np.linalg.norm(points - piece.at(along)[0], axis=1)
            nearer = distance < best
            best[nearer] = distance[nearer]
            chainage[nearer] = start + along[nearer]
        return chainage, best

    def dense(self, step_m: float) -> FloatArray:
        """Ascending chainages at most a step apart that contain the ends of all pieces."""
        parts = [
            np.linspace(start, start + piece.length_m, 1 + math.ceil(piece.length_m / step_m))
            for start, piece in zip(self.starts, self.pieces, strict=True)
        ]
        return np.unique(np.concatenate(parts).round(9))


def fillet(
    vertices: Sequence[Sequence[float]] | FloatArray,
    radius_m: float | Sequence[float],
    *,
    fit: bool = False,
) -> Route:
    """Round the corners of a polyline.

    Parameters
    ----------
    vertices
        (K, 3), metres.
    radius_m
        Of the arcs at the inner vertices, one for all or one each.
    fit
        Reduce a radius that doesn't fit between its neighbours instead of failing.

    Raises
    ------
    UsageError
        Where the arcs don't fit into the pieces between the vertices.
    """
    points = np.asarray(vertices, dtype=float)
    legs = np.diff(points, axis=0)
    lengths = np.linalg.norm(legs, axis=1)
    if np.any(lengths < 1e-9):
        raise UsageError(f"vertices {points.tolist()}: two in a row are equal; remove one")
    directions = legs / lengths[:, None]
    count = len(points) - 2
    radii = [float(radius_m)] * count if isinstance(radius_m, int | float) else list(radius_m)
    if len(radii) != count:
        raise UsageError(f"{len(radii)} bend radii for {count} inner vertices; give one each")
    cuts = np.zeros(len(points))
    for k in range(count):
        half = 0.5 * _turn(directions[k], directions[k + 1])
        cuts[k + 1] = radii[k] * math.tan(half)
        room = 0.45 * min(lengths[k], lengths[k + 1])
        if fit and cuts[k + 1] > room:
            cuts[k + 1] = room
            radii[k] = room / math.tan(half)
    _check_room(points, lengths, cuts)
    return Route(tuple(_pieces(points, directions, lengths, cuts, radii)))


def _turn(before: FloatArray, after: FloatArray) -> float:
    return math.atan2(float(np.linalg.norm(np.cross(before, after))), float(before @ after))


def _check_room(points: FloatArray, lengths: FloatArray, cuts: FloatArray) -> None:
    for k, length in enumerate(lengths):
        if cuts[k] + cuts[k + 1] > length + 1e-9:
            raise UsageError(
                f"the bends at {points[k].tolist()} and {points[k + 1].tolist()} need "
                f"{cuts[k] + cuts[k + 1]:.3f} m between them but have {length:.3f} m; "
                "reduce bend_radius_m"
            )


def _pieces(
    points: FloatArray,
    directions: FloatArray,
    lengths: FloatArray,
    cuts: FloatArray,
    radii: Sequence[float],
) -> list[Line | Arc]:
    pieces: list[Line | Arc] = []
    for k, direction in enumerate(directions):
        straight = lengths[k] - cuts[k] - cuts[k + 1]
        if straight > 1e-9:
            pieces.append(Line(points[k] + cuts[k] * direction, direction, float(straight)))
        if k + 1 < len(directions) and cuts[k + 1] > 1e-9:
            start = points[k + 1] - cuts[k + 1] * direction
            pieces.append(_arc(start, direction, directions[k + 1], radii[k]))
    return pieces


def _arc(start: FloatArray, before: FloatArray, after: FloatArray, radius_m: float) -> Arc:
    inward = after - (before @ after) * before
    inward = inward / np.linalg.norm(inward)
    return Arc(start + radius_m * inward, -inward, before, radius_m, _turn(before, after))
