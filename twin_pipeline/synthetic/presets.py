"""Common scenes, ready to be varied: straight mains, bends, parallels, crossings, branches."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.model import FloatArray, Role
from twin_pipeline.synthetic.bodies import Body
from twin_pipeline.synthetic.scanner import Noise, Scanner
from twin_pipeline.synthetic.scene import Mound, Pavement, Pipe, Scene, Trench

BEYOND_M = 0.3
"""How far pipes go on into the ground behind the walls."""
ANGLE_PER_RANGE_NOISE = 0.25
"""Angular noise (rad) for each metre of range noise: half of it at a range of 2 m."""


def trench(
    material: str = "DIP",
    nominal_mm: int = 150,
    *,
    length_m: float = 12.0,
    width_m: float = 0.9,
    cover_m: float = 1.0,
    below_m: float = 0.1,
    noise_m: float = 0.004,
    bedding: float = 0.4,
    bends: Sequence[tuple[float, float]] = (),
    bend_radius_m: float | None = None,
    offset_m: float = 0.0,
    grade: float = 0.005,
    sockets: bool | None = None,
    sleeve_fold_m: float = 0.0,
    mounds: Sequence[tuple[float, float]] = (),
    bodies: Sequence[Body] = (),
    further_pipes: Sequence[Pipe] = (),
    points: int = 600_000,
    seed: int = 1,
    pavement: Pavement | None = None,
    trench_options: dict[str, Any] | None = None,
    scanner_options: dict[str, Any] | None = None,
    noise_options: dict[str, Any] | None = None,
    **scene_options: Any,
) -> Scene:
    """One main along a trench that follows it.

    Parameters
    ----------
    cover_m, grade
        Cover at the start, and rise of the pavement and the pipe along the trench.
    below_m
        Depth of the floor under the pipe's invert.
    noise_m
        Range noise, 1 sigma; angular noise follows it.
    bedding
        Lower part of the diameter that is buried.
    bends
        Chainage and angle (degrees, positive to the left) of plan bends.
    offset_m
        Of the pipe from the trench axis, left positive.
    sockets
        Without it on for ductile iron.
    mounds
        Chainage and length of stretches that soil hides.
    trench_options, scanner_options, noise_options, scene_options
        Further fields of `Trench`, `Scanner`, `Noise` and `Scene`.
    """
    diameter = load_catalogue().size(material, nominal_mm).outer_diameter_m
    pave = pavement or Pavement(grade=grade)
    axis = plan_line(length_m, bends)
    main = Pipe(
        material=material,
        nominal_mm=nominal_mm,
        vertices=_with_cover(_beside(_prolonged(axis, BEYOND_M), offset_m), cover_m),
        bend_radius_m=bend_radius_m or max(0.6, 4 * diameter),
        sockets=material == "DIP" if sockets is None else sockets,
        first_joint_m=1.5,
        sleeve_fold_m=sleeve_fold_m,
        bedding=bedding,
        mounds=tuple(Mound(chainage_m=c + BEYOND_M, length_m=m) for c, m in mounds),
    )
    return Scene(
        seed=seed,
        pavement=pave,
        trenches=(
            Trench(
                vertices=tuple((float(x), float(y)) for x, y in axis),
                width_m=width_m,
                depth_m=cover_m + diameter + below_m,
                **(trench_options or {}),
            ),
        ),
        pipes=(main, *further_pipes),
        bodies=tuple(bodies),
        scanner=_scanner(noise_m, points, scanner_options, noise_options),
        **scene_options,
    )


def parallel(
    first: tuple[str, int] = ("DIP", 150),
    second: tuple[str, int] = ("HPPE", 50),
    *,
    spacing_m: float = 0.35,
    length_m: float = 12.0,
    cover_m: float = 1.0,
    width_m: float = 1.0,
    **options: Any,
) -> Scene:
    """Two mains side by side, `spacing_m` between their centrelines; options as for `trench`."""
    line = _beside(_prolonged(plan_line(length_m, ()), BEYOND_M), -0.5 * spacing_m)
    other = Pipe(
        material=second[0],
        nominal_mm=second[1],
        vertices=_with_cover(line, cover_m),
        bedding=options.get("bedding", 0.4),
    )
    return trench(
        *first,
        length_m=length_m,
        cover_m=cover_m,
        width_m=width_m,
        offset_m=0.5 * spacing_m,
        further_pipes=(other,),
        **options,
    )


def crossing(
    material: str = "DIP",
    nominal_mm: int = 150,
    *,
    across: tuple[str, int] = ("SP", 100),
    chainage_m: float = 6.0,
    cross_cover_m: float = 0.6,
    skew_deg: float = 90.0,
    **options: Any,
) -> Scene:
    """A main, and another pipe over it from wall to wall; options as for `trench`."""
    reach = 0.5 * options.get("width_m", 0.9) + 0.5
    turn = math.radians(skew_deg)
    dx, dy = reach / math.tan(turn), reach
    other = Pipe(
        material=across[0],
        nominal_mm=across[1],
        role=Role.CROSSING,
        vertices=(
            (chainage_m - dx, -dy, cross_cover_m),
            (chainage_m + dx, dy, cross_cover_m),
        ),
    )
    return trench(material, nominal_mm, further_pipes=(other,), **options)


def branch(
    material: str = "DIP",
    nominal_mm: int = 150,
    *,
    leaving: tuple[str, int] = ("HPPE", 50),
    chainage_m: float = 6.0,
    cover_m: float = 1.0,
    **options: Any,
) -> Scene:
    """A main with a service that leaves it through a saddle into the left wall."""
    catalogue = load_catalogue()
    main_m = catalogue.size(material, nominal_mm).outer_diameter_m
    own_m = catalogue.size(*leaving).outer_diameter_m
    level = cover_m + 0.5 * (main_m - own_m)
    reach = 0.5 * options.get("width_m", 0.9) + 0.5
    other = Pipe(
        material=leaving[0],
        nominal_mm=leaving[1],
        role=Role.BRANCH,
        vertices=((chainage_m, options.get("offset_m", 0.0), level), (chainage_m, reach, level)),
        saddle=True,
    )
    return trench(material, nominal_mm, cover_m=cover_m, further_pipes=(other,), **options)


def empty(
    *,
    length_m: float = 8.0,
    width_m: float = 0.9,
    depth_m: float = 1.3,
    noise_m: float = 0.004,
    bodies: Sequence[Body] = (),
    points: int = 300_000,
    seed: int = 1,
    **scene_options: Any,
) -> Scene:
    """An excavation without a pipe."""
    axis = Trench(vertices=((0.0, 0.0), (length_m, 0.0)), width_m=width_m, depth_m=depth_m)
    return Scene(
        seed=seed,
        trenches=(axis,),
        bodies=tuple(bodies),
        scanner=_scanner(noise_m, points, None, None),
        **scene_options,
    )


def plan_line(length_m: float, bends: Sequence[tuple[float, float]]) -> FloatArray:
    """(K, 2) vertices of a line that starts along +x and turns at the given chainages."""
    marks = [*(chainage for chainage, _ in bends), length_m]
    points, heading, last = [np.zeros(2)], 0.0, 0.0
    for k, mark in enumerate(marks):
        step = (mark - last) * np.array([math.cos(heading), math.sin(heading)])
        points.append(points[-1] + step)
        last = mark
        if k < len(bends):
            heading += math.radians(bends[k][1])
    return np.array(points)


def _prolonged(line: FloatArray, by_m: float) -> FloatArray:
    longer = line.copy()
    first, last = line[0] - line[1], line[-1] - line[-2]
    longer[0] += by_m * first / np.linalg.norm(first)
    longer[-1] += by_m * last / np.linalg.norm(last)
    return longer


def _beside(line: FloatArray, offset_m: float) -> FloatArray:
    """Polyline parallel to another, left positive, with mitred corners."""
    legs = np.diff(line, axis=0)
    legs = legs / np.linalg.norm(legs, axis=1, keepdims=True)
    left = np.stack([-legs[:, 1], legs[:, 0]], axis=1)
    mitre = left[:-1] + left[1:]
    inner = 2 * mitre / np.sum(mitre**2, axis=1, keepdims=True)
    shift = np.vstack([left[:1], inner, left[-1:]])
    return np.asarray(line + offset_m * shift)


def _with_cover(line: FloatArray, cover_m: float) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(x), float(y), cover_m) for x, y in line)


def _scanner(
    noise_m: float,
    points: int,
    scanner_options: dict[str, Any] | None,
    noise_options: dict[str, Any] | None,
) -> Scanner:
    settings = {"range_m": noise_m, "angle_rad": ANGLE_PER_RANGE_NOISE * noise_m}
    noise = Noise(**{**settings, **(noise_options or {})})
    options = dict(scanner_options or {})
    if "density_per_m2" not in options:
        options.setdefault("points", points)
    return Scanner(noise=noise, **options)
