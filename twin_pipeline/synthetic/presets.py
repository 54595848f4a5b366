"""Common scenes, ready to be varied: straight mains, bends, parallels, crossings, branches."""

import math
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.model import FloatArray, Role
from twin_pipeline.synthetic.bodies import Body
from twin_pipeline.synthetic.scanner import Noise, Scanner
from twin_pipeline.synthetic.scene import Mound, Pavement, Pipe, Scene, SpoilHeap, Trench

BEYOND_M = 0.3
"""How far pipes go on into the ground behind the walls."""
ANGLE_PER_RANGE_NOISE = 0.25
"""Angular noise (rad) for each metre of range noise: half of it at a range of 2 m."""


class TrenchPreset(BaseModel):
    """A main along a trench that follows it, and what can be said about it in short."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    material: str = "DIP"
    nominal_mm: int = 150
    length_m: float = Field(default=12.0, gt=0)
    width_m: float = Field(default=0.9, gt=0, description="of the trench at its floor, m")
    cover_m: float = Field(default=1.0, description="of the main, m")
    below_m: float = Field(default=0.1, description="depth of the floor under the invert, m")
    grade: float = Field(default=0.005, description="rise of pavement and main, rise per run")
    noise_m: float = Field(default=0.004, ge=0, description="range noise, 1 sigma, m")
    bedding: float = Field(default=0.4, description="lower part of the diameter buried")
    bends: tuple[tuple[float, float], ...] = Field(
        default=(), description="chainage (m) and angle (degrees, positive to the left)"
    )
    bend_radius_m: float | None = Field(default=None, description="of the main; None: 4 diameters")
    trench_radius_m: float = Field(default=1.5, gt=0, description="of the trench at bends, m")
    offset_m: float = Field(default=0.0, description="of the main from the axis, left positive, m")
    sockets: bool | None = Field(default=None, description="None: on ductile iron only")
    sleeve_fold_m: float = Field(default=0.0, description="folds of a polyethylene sleeve, m")
    mounds: tuple[tuple[float, float], ...] = Field(
        default=(), description="chainage and length of stretches that soil hides, m"
    )
    crossfall: float = Field(default=0.02, description="of the pavement, rise per run")
    bodies: tuple[Annotated[Body, Field(discriminator="kind")], ...] = ()
    heaps: tuple[SpoilHeap, ...] = ()
    further_pipes: tuple[Pipe, ...] = ()
    points: int = Field(default=600_000, gt=0)
    seed: int = Field(default=1, ge=0)
    trench: dict[str, Any] = Field(default={}, description="further fields of Trench")
    scanner: dict[str, Any] = Field(default={}, description="further fields of Scanner")
    noise: dict[str, Any] = Field(default={}, description="further fields of Noise")
    scene: dict[str, Any] = Field(default={}, description="further fields of Scene")


def trench(material: str = "DIP", nominal_mm: int = 150, **options: object) -> Scene:
    """Return a main along a trench that follows it.

    Parameters
    ----------
    options
        Fields of `TrenchPreset`.
    """
    given = {"material": material, "nominal_mm": nominal_mm, **options}
    return _scene(TrenchPreset.model_validate(given))


def parallel(
    first: tuple[str, int] = ("DIP", 150),
    second: tuple[str, int] = ("HPPE", 50),
    *,
    spacing_m: float = 0.35,
    **options: object,
) -> Scene:
    """Return two mains of equal cover, `spacing_m` between their centrelines."""
    given = {"width_m": 1.0, "offset_m": 0.5 * spacing_m, **options}
    preset = _preset(first, given)
    line = _beside(_prolonged(_axis(preset)), preset.offset_m - spacing_m)
    other = Pipe(
        material=second[0],
        nominal_mm=second[1],
        vertices=_with_cover(line, preset.cover_m),
        bend_radius_m=_radius(preset),
        bedding=preset.bedding,
    )
    return _scene(_with_pipe(preset, other))


def crossing(
    main: tuple[str, int] = ("DIP", 150),
    across: tuple[str, int] = ("SP", 100),
    *,
    chainage_m: float = 6.0,
    cross_cover_m: float = 0.6,
    skew_deg: float = 90.0,
    **options: object,
) -> Scene:
    """Return a main and another pipe that crosses the trench from wall to wall."""
    preset = _preset(main, options)
    reach = 0.5 * preset.width_m + 0.5
    along = reach / math.tan(math.radians(skew_deg))
    other = Pipe(
        material=across[0],
        nominal_mm=across[1],
        role=Role.CROSSING,
        vertices=(
            (chainage_m - along, -reach, cross_cover_m),
            (chainage_m + along, reach, cross_cover_m),
        ),
    )
    return _scene(_with_pipe(preset, other))


def branch(
    main: tuple[str, int] = ("DIP", 150),
    leaving: tuple[str, int] = ("HPPE", 50),
    *,
    chainage_m: float = 6.0,
    **options: object,
) -> Scene:
    """Return a main with a service that leaves it through a saddle into the left wall."""
    preset = _preset(main, options)
    own_m = load_catalogue().size(*leaving).outer_diameter_m
    level = preset.cover_m + 0.5 * (_diameter(preset) - own_m)
    reach = 0.5 * preset.width_m + 0.5
    other = Pipe(
        material=leaving[0],
        nominal_mm=leaving[1],
        role=Role.BRANCH,
        vertices=((chainage_m, preset.offset_m, level), (chainage_m, reach, level)),
        saddle=True,
    )
    return _scene(_with_pipe(preset, other))


def empty(**options: object) -> Scene:
    """Return an excavation without a pipe, as deep as if there were one."""
    scene = _scene(TrenchPreset.model_validate(options))
    return scene.model_copy(update={"pipes": ()})


def plan_line(length_m: float, bends: tuple[tuple[float, float], ...]) -> FloatArray:
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


def _preset(main: tuple[str, int], options: dict[str, Any]) -> TrenchPreset:
    given = {"material": main[0], "nominal_mm": main[1], **options}
    return TrenchPreset.model_validate(given)


def _with_pipe(preset: TrenchPreset, pipe: Pipe) -> TrenchPreset:
    return preset.model_copy(update={"further_pipes": (*preset.further_pipes, pipe)})


def _axis(preset: TrenchPreset) -> FloatArray:
    return plan_line(preset.length_m, preset.bends)


def _diameter(preset: TrenchPreset) -> float:
    return load_catalogue().size(preset.material, preset.nominal_mm).outer_diameter_m


def _radius(preset: TrenchPreset) -> float:
    return preset.bend_radius_m or max(0.6, 4 * _diameter(preset))


def _scene(preset: TrenchPreset) -> Scene:
    axis = Trench(
        vertices=tuple((float(x), float(y)) for x, y in _axis(preset)),
        bend_radius_m=preset.trench_radius_m,
        width_m=preset.width_m,
        depth_m=preset.cover_m + _diameter(preset) + preset.below_m,
        **preset.trench,
    )
    settings = {
        "seed": preset.seed,
        "pavement": Pavement(grade=preset.grade, crossfall=preset.crossfall),
        "trenches": (axis,),
        "heaps": preset.heaps,
        "pipes": (_main(preset), *preset.further_pipes),
        "bodies": preset.bodies,
        "scanner": _scanner(preset),
    }
    return Scene(**{**settings, **preset.scene})


def _main(preset: TrenchPreset) -> Pipe:
    line = _beside(_prolonged(_axis(preset)), preset.offset_m)
    return Pipe(
        material=preset.material,
        nominal_mm=preset.nominal_mm,
        vertices=_with_cover(line, preset.cover_m),
        bend_radius_m=_radius(preset),
        sockets=preset.material == "DIP" if preset.sockets is None else preset.sockets,
        first_joint_m=1.5,
        sleeve_fold_m=preset.sleeve_fold_m,
        bedding=preset.bedding,
        mounds=tuple(Mound(chainage_m=c + BEYOND_M, length_m=m) for c, m in preset.mounds),
    )


def _scanner(preset: TrenchPreset) -> Scanner:
    settings = {"range_m": preset.noise_m, "angle_rad": ANGLE_PER_RANGE_NOISE * preset.noise_m}
    noise = Noise(**{**settings, **preset.noise})
    amount = {} if "density_per_m2" in preset.scanner else {"points": preset.points}
    return Scanner(noise=noise, **{**amount, **preset.scanner})


def _prolonged(line: FloatArray) -> FloatArray:
    longer = line.copy()
    first, last = line[0] - line[1], line[-1] - line[-2]
    longer[0] += BEYOND_M * first / np.linalg.norm(first)
    longer[-1] += BEYOND_M * last / np.linalg.norm(last)
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
