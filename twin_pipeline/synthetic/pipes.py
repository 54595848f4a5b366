"""Pipes of a scene: their exact centrelines, joints and bodies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from twin_pipeline.catalogue import Catalogue, PipeSize
from twin_pipeline.errors import UsageError
from twin_pipeline.model import FloatArray, Role
from twin_pipeline.synthetic.axis import pavement_z
from twin_pipeline.synthetic.route import Arc, Route, fillet
from twin_pipeline.synthetic.scene import Pavement, Pipe, Scene
from twin_pipeline.synthetic.solids import frustum, tube

DEFAULT_LAYING_LENGTH_M = 5.0
SOCKET_EXCESS_M = 0.075
BEND_TO_BELL_M = 0.02


@dataclass(frozen=True, eq=False)
class Bell:
    """A socket: a cone that widens in the direction of the chainage, then a cylinder."""

    start_m: float
    cone_m: float
    cylinder_m: float
    radius_m: float

    @property
    def end_m(self) -> float:
        """Chainage of the socket's face."""
        return self.start_m + self.cone_m + self.cylinder_m

    @property
    def middle_m(self) -> float:
        """Chainage of the bell's middle."""
        return 0.5 * (self.start_m + self.end_m)


@dataclass(frozen=True, eq=False)
class LaidPipe:
    """A pipe in the site frame."""

    spec: Pipe
    radius_m: float
    route: Route
    bells: tuple[Bell, ...]
    tees: tuple[float, ...] = ()
    """Chainages where branches leave."""


def lay_pipes(scene: Scene, catalogue: Catalogue) -> tuple[LaidPipe, ...]:
    """Work out the centrelines, joints and tees of a scene's pipes.

    Raises
    ------
    UsageError
        Where a size is not catalogued or bends don't fit.
    """
    pipes = [_lay(spec, scene.pavement, catalogue) for spec in scene.pipes]
    for branch in [p for p in pipes if p.spec.role is Role.BRANCH]:
        k, chainage = _main_of(branch, pipes)
        pipes[k] = replace(pipes[k], tees=(*pipes[k].tees, chainage))
    return tuple(pipes)


def pipe_rows(pipe: LaidPipe, fold_slope_per_m: float) -> list[FloatArray]:
    """Bodies of the barrel and its sockets.

    Parameters
    ----------
    fold_slope_per_m
        Largest slope of the fold texture on a pipe of 1 m radius and folds of 1 m.
    """
    fold = pipe.spec.sleeve_fold_m
    folds = (fold, fold * fold_slope_per_m / pipe.radius_m)
    rows = tube(pipe.route, pipe.radius_m, folds)
    for bell in pipe.bells:
        marks = np.array([bell.start_m, bell.start_m + bell.cone_m, bell.end_m])
        a, b, c = pipe.route.at(marks)[0]
        rows.append(frustum(a, b, pipe.radius_m, bell.radius_m))
        rows.append(frustum(b, c, bell.radius_m))
    return rows


def saddle_rows(branch: LaidPipe, pipes: Sequence[LaidPipe]) -> list[FloatArray]:
    """Bodies of the clamp on the main and the neck that a branch leaves from."""
    main = pipes[_main_of(branch, pipes)[0]]
    start, direction = (a[0] for a in branch.route.at(np.zeros(1)))
    chainage = main.route.project(start[None, :])[0]
    half = min(0.12, main.radius_m + 0.02)
    a, b = main.route.at(np.array([chainage[0] - half, chainage[0] + half]))[0]
    neck = start + (main.radius_m + 0.06) * direction
    return [frustum(a, b, main.radius_m + 0.012), frustum(start, neck, branch.radius_m + 0.015)]


def _lay(spec: Pipe, pavement: Pavement, catalogue: Catalogue) -> LaidPipe:
    size = _size(spec, catalogue)
    diameter = spec.outer_diameter_m or (size.outer_diameter_m if size else 0.0)
    x, y, cover = np.asarray(spec.vertices, dtype=float).T
    z = pavement_z(pavement, x, y) - cover - 0.5 * diameter
    route = fillet(np.stack([x, y, z], axis=1), spec.bend_radius_m)
    bells = _bells(spec, size, 0.5 * diameter, route) if spec.sockets else ()
    return LaidPipe(spec, 0.5 * diameter, route, bells)


def _size(spec: Pipe, catalogue: Catalogue) -> PipeSize | None:
    if spec.material is None or spec.nominal_mm is None:
        return None
    return catalogue.size(spec.material, spec.nominal_mm)


def _bells(spec: Pipe, size: PipeSize | None, radius: float, route: Route) -> tuple[Bell, ...]:
    catalogued = size.socket_outer_diameter_m if size else None
    outer = catalogued or 2 * radius + SOCKET_EXCESS_M
    cone = float(np.clip(0.7 * radius, 0.04, 0.12))
    cylinder = float(np.clip(1.1 * radius, 0.07, 0.14))
    laying = spec.laying_length_m or (size.laying_length_m if size else None)
    faces = _faces(spec.first_joint_m, laying or DEFAULT_LAYING_LENGTH_M, cone + cylinder, route)
    return tuple(Bell(f - cone - cylinder, cone, cylinder, 0.5 * outer) for f in faces)


def _faces(first: float, laying: float, bell: float, route: Route) -> list[float]:
    """Chainages of the sockets' faces: every laying length, and at both ends of each bend."""
    faces, face = [], first
    for start, end in [*_bend_ends(route), (route.length_m, route.length_m)]:
        while face < start - 2 * bell - BEND_TO_BELL_M:
            if face >= bell:
                faces.append(face)
            face += laying
        if start < route.length_m:
            faces += [start - BEND_TO_BELL_M, end + BEND_TO_BELL_M + bell]
            face = end + BEND_TO_BELL_M + bell + laying
    gaps = [b - a for a, b in pairwise(faces)]
    if any(gap < bell for gap in gaps):
        raise UsageError(
            f"two sockets of {bell:.2f} m overlap near a bend; increase the distance of the bends"
        )
    return faces


def _bend_ends(route: Route) -> list[tuple[float, float]]:
    return [
        (float(start), float(start + piece.length_m))
        for start, piece in zip(route.starts, route.pieces, strict=True)
        if isinstance(piece, Arc)
    ]


def _main_of(branch: LaidPipe, pipes: Sequence[LaidPipe]) -> tuple[int, float]:
    """Return the main nearest to where a branch starts, and the chainage there."""
    start = branch.route.at(np.zeros(1))[0]
    mains = [k for k, p in enumerate(pipes) if p.spec.role is Role.MAIN]
    if not mains:
        raise UsageError("a branch needs a main to leave from; add one to the scene's pipes")
    found = [pipes[k].route.project(start) for k in mains]
    nearest = int(np.argmin([distance[0] for _, distance in found]))
    return mains[nearest], float(found[nearest][0][0])
