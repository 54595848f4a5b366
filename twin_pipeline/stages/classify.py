"""Decide what each tube is: main, branch, crossing, or no pipe of this excavation at all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray, Role

_SAME_DEPTH_M = 0.12
_RIDGE_DEG = 20.0
_STRAY = 0.3
"""Share of a ridge's length that may lie aside of the main's hidden stretch."""
_SAME_SIZE = 0.35
_LONG_M, _WIDE_DEG = 2.0, 100.0
_PLACES = (0.1, 0.3, 0.5, 0.7, 0.9)
_ALONG_DEG = 45.0
_WIDTHS = 2.5
"""From so many trench widths on a tube in it can only run along it."""
_EXACT_DEG = 1.0
_EXACT_DIAMETER_M, _EXACT_DEEPER_M = 0.1, 0.1
"""Struts are set level and square; a utility so thin that lies so by chance, and so shallow, is
far less likely."""
_LEG_M = 1.0
"""So far on a main is straight again where it bends beside a strut."""
_ROW = 2
_ASIDE_M = 0.5
_BANK_M, _BANK_DEG = 0.5, 10.0
"""Distance of parallel tubes between which nobody could work: a bank of ducts, no struts."""


class ClassifyOptions(BaseModel):
    """Options of roles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_parallel_deg: float = Field(
        25.0, gt=0.0, description="largest angle of a second main to the first, degrees"
    )
    min_main_length_m: float = Field(1.5, gt=0.0, description="shortest main, metres")
    steep_deg: float = Field(
        50.0,
        gt=0.0,
        lt=90.0,
        description="slope above which a tube in a trench is no pipe, degrees",
    )
    strut_perpendicular_deg: float = Field(
        6.0, gt=0.0, description="how square to the trench a strut stands, degrees"
    )
    strut_level_deg: float = Field(4.0, gt=0.0, description="how level a strut lies, degrees")
    utility_cover_m: float = Field(
        0.5,
        gt=0.0,
        description="cover above which a thin level tube square to the trench is a strut, metres",
    )
    max_strut_diameter_m: float = Field(0.15, gt=0.0, description="thickest round strut, metres")
    max_cable_diameter_m: float = Field(
        0.044,
        ge=0.0,
        description="what runs along a trench and is thinner is a cable or a hose, metres",
    )
    max_roughness: float = Field(
        1.7, gt=1.0, description="scatter of a pipe's points over that of the best seen one, ratio"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """A tube with its role."""

    tube: Tube
    role: Role


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """A tube that is not reported, and why."""

    tube: Tube
    reason: str


def classify(
    tubes: Sequence[Tube], ground: Ground | None, options: ClassifyOptions
) -> tuple[list[Classified], list[LeftOut]]:
    """Give each tube its role; without a trench all are `unknown`."""
    if ground is None:
        return [Classified(tube, Role.UNKNOWN) for tube in _by_length(tubes)], []
    left_out = []
    buried = []
    smooth_m = _smooth(tubes) * options.max_roughness
    for tube in _by_length(tubes):
        reason = _not_buried(tube, ground, options)
        if reason is None and tube.noise_m > smooth_m:
            reason = f"its points scatter by {1000.0 * tube.noise_m:.1f} mm, more than on a pipe"
        if reason is None:
            buried.append(tube)
        else:
            left_out.append(LeftOut(tube, reason))
    mains = _mains(buried, ground, options)
    others = [tube for tube in buried if not any(tube is main for main in mains)]
    ridges = [tube for tube in others if any(_hides(tube, main) for main in mains)]
    left_out += [LeftOut(tube, "soil that hides the main below it") for tube in ridges]
    others = [tube for tube in others if not any(tube is ridge for ridge in ridges)]
    struts = _struts(others, mains, ground, options)
    left_out += [LeftOut(tube, "shoring strut") for tube in struts]
    found = [Classified(main, Role.MAIN) for main in mains]
    found += [
        Classified(tube, _minor_role(tube, mains))
        for tube in others
        if not any(tube is strut for strut in struts)
    ]
    return found, left_out


def _by_length(tubes: Sequence[Tube]) -> list[Tube]:
    return sorted(tubes, key=lambda tube: (-tube.length_m, *tube.nodes[0]))


def _smooth(tubes: Sequence[Tube]) -> float:
    """Return how points scatter on the longest tube that is well seen; soil and edges are rougher.

    Infinite where none is.
    """
    well_seen = (
        tube.noise_m
        for tube in _by_length(tubes)
        if tube.length_m >= _LONG_M and float(np.median(tube.arc_deg[tube.observed])) >= _WIDE_DEG
    )
    return next(well_seen, math.inf)


def _not_buried(tube: Tube, ground: Ground, options: ClassifyOptions) -> str | None:
    rise = tube.nodes[-1] - tube.nodes[0]
    if abs(rise[2]) > math.sin(math.radians(options.steep_deg)) * float(np.linalg.norm(rise)):
        return "stands upright"
    middle = tube.nodes[len(tube.nodes) // 2]
    elevation, _ = ground.elevation_at(middle[None, :2])
    if np.isfinite(elevation[0]) and middle[2] + tube.radius_m > elevation[0]:
        return "lies above the pavement"
    inside = shapely.union_all([shapely.Polygon(ring) for ring in ground.outlines]).buffer(0.5)
    if not inside.intersects(shapely.LineString(tube.nodes[:, :2])):
        return "lies outside the trench"
    if 2.0 * tube.radius_m < options.max_cable_diameter_m and _runs_with_the_trench(tube, ground):
        return "as thin as a cable or a hose along the trench"
    return None


def _trench_direction(ground: Ground, at: FloatArray) -> FloatArray:
    """Return the horizontal direction (3,) of the trench's longer side around a point."""
    rings = shapely.union_all([shapely.Polygon(ring) for ring in ground.outlines])
    near = rings.intersection(shapely.Point(at[:2]).buffer(3.0))
    box = shapely.get_coordinates(shapely.minimum_rotated_rectangle(near))
    sides = np.diff(box[:3], axis=0)
    longer = sides[np.argmax(np.linalg.norm(sides, axis=1))]
    return np.append(longer / np.linalg.norm(longer), 0.0)


def _acute_deg(first: FloatArray, second: FloatArray) -> float:
    angle = polyline.angle_deg(first, second)
    return min(angle, 180.0 - angle)


def _chord(tube: Tube) -> FloatArray:
    return tube.nodes[-1] - tube.nodes[0]


def _mains(tubes: list[Tube], ground: Ground, options: ClassifyOptions) -> list[Tube]:
    """Return the pipes that run with the trench; the longest decides where the others must go."""
    candidates = [
        tube
        for tube in tubes
        if tube.length_m >= options.min_main_length_m and _runs_with_the_trench(tube, ground)
    ]
    if not candidates:
        return []
    first = candidates[0]
    return [first] + [
        tube
        for tube in candidates[1:]
        if _angle_between(tube, first) < options.max_parallel_deg
        and tube.length_m >= min(3.0, 0.3 * first.length_m)
    ]


def _centre(tube: Tube) -> FloatArray:
    return np.asarray(tube.nodes[len(tube.nodes) // 2])


def _runs_with_the_trench(tube: Tube, ground: Ground) -> bool:
    """Tell whether most of a tube does; in a corner neither has one direction.

    What is far longer than the trench is wide has no other way to go.
    """
    if tube.length_m > _WIDTHS * _trench_width_m(tube, ground):
        return True
    direction, count = polyline.directions(tube.nodes, 0.5), len(tube.nodes)
    places = [round(share * (count - 1)) for share in _PLACES]
    angles = [_acute_deg(direction[k], _trench_direction(ground, tube.nodes[k])) for k in places]
    return float(np.median(angles)) < _ALONG_DEG


def _trench_width_m(tube: Tube, ground: Ground) -> float:
    """Return the width of the trench that a tube lies in, as of a band with its area and rim."""
    line = shapely.LineString(tube.nodes[:, :2])
    rings = [shapely.Polygon(ring) for ring in ground.outlines]
    around = max(rings, key=lambda ring: ring.intersection(line).length)
    half_rim = 0.5 * around.length
    return 0.5 * (half_rim - math.sqrt(max(half_rim**2 - 4.0 * around.area, 0.0)))


def _angle_between(tube: Tube, main: Tube) -> float:
    """Return the horizontal angle of a tube to the main where they are nearest, degrees."""
    nearest = int(np.argmin(np.linalg.norm(main.nodes - _centre(tube), axis=1)))
    direction = polyline.directions(main.nodes, 0.5)[nearest].copy()
    chord = _chord(tube).copy()
    direction[2] = chord[2] = 0.0
    return _acute_deg(chord, direction)


def squarest_deg(tube: Tube, main: Tube) -> float:
    """Return how square a tube stands to a main near it, degrees; by a bend, to either leg."""
    off_m = np.linalg.norm(main.nodes - _centre(tube), axis=1)
    chord = _chord(tube) * np.array([1.0, 1.0, 0.0])
    legs = polyline.directions(main.nodes, 0.5)[off_m < off_m.min() + _LEG_M].copy()
    legs[:, 2] = 0.0
    return max(_acute_deg(chord, leg) for leg in legs)


def _hides(tube: Tube, main: Tube) -> bool:
    """Tell the ridge of a mound that lies along a main over a stretch of it that was not seen."""
    distance_m = np.linalg.norm(main.nodes[:, None, :2] - tube.nodes[None, :, :2], axis=2)
    nearest = distance_m.argmin(axis=0)
    beside = distance_m.min(axis=0) > main.radius_m
    below = tube.nodes[:, 2] < main.nodes[nearest, 2]
    if _angle_between(tube, main) > _RIDGE_DEG or max(beside.mean(), below.mean()) > _STRAY:
        return False
    return float(main.observed[nearest].mean()) <= _STRAY


def _struts(
    tubes: list[Tube], mains: list[Tube], ground: Ground, options: ClassifyOptions
) -> list[Tube]:
    """Return the tubes that prop the walls: thin, level, square to the trench, above the main.

    Utilities that cross look the same. They lie deeper than the shallowest cover that the rules
    allow, and no second one of about the same size crosses at the same depth or on the same line,
    as the halves of a telescopic strut do; or they lie as close to each other as ducts in a bank.
    """
    tubes = [tube for tube in tubes if not any(_in_a_bank(tube, other, options) for other in tubes)]
    props = [tube for tube in tubes if _like_a_strut(tube, mains, ground, options)]
    depth = {id(tube): _depth(tube, ground) for tube in tubes}
    struts = [
        tube
        for tube in props
        if depth[id(tube)] - tube.radius_m < _least_cover_m(tube, ground, options)
        or any(
            _twins(tube, other) and abs(depth[id(tube)] - depth[id(other)]) < _SAME_DEPTH_M
            for other in props
            if other is not tube
        )
    ]
    struts += [tube for tube in _rows(tubes, mains, depth, options) if not _among(tube, struts)]
    return struts + [
        tube
        for tube in tubes
        if not _among(tube, struts) and _one_more(tube, struts, depth, options)
    ]


def _least_cover_m(tube: Tube, ground: Ground, options: ClassifyOptions) -> float:
    """Return from which cover on what looks like a strut may be a utility that crosses."""
    chord = _chord(tube)
    slope_deg = math.degrees(math.asin(abs(chord[2]) / float(np.linalg.norm(chord))))
    askew_deg = 90.0 - _acute_deg(
        chord * np.array([1.0, 1.0, 0.0]), _trench_direction(ground, _centre(tube))
    )
    exact = max(slope_deg, askew_deg) < _EXACT_DEG and 2.0 * tube.radius_m < _EXACT_DIAMETER_M
    return options.utility_cover_m + (_EXACT_DEEPER_M if exact else 0.0)


def _among(tube: Tube, others: list[Tube]) -> bool:
    return any(tube is other for other in others)


def _one_more(
    tube: Tube, struts: list[Tube], depth: dict[int, float], options: ClassifyOptions
) -> bool:
    """Tell a strut of a row of them that stands askew, as in a corner."""
    row = [
        strut
        for strut in struts
        if _twins(tube, strut) and abs(depth[id(tube)] - depth[id(strut)]) < _SAME_DEPTH_M
    ]
    return len(row) >= _ROW and _shallow(tube, depth, options) and _level(tube, options)


def _rows(
    tubes: list[Tube], mains: list[Tube], depth: dict[int, float], options: ClassifyOptions
) -> list[Tube]:
    """Return struts that are told by their number: three of one size and depth, one by one.

    In a trench that winds none of them need look square to it. Pieces of one pipe lie in a line.
    """
    level = [
        tube
        for tube in tubes
        if _level(tube, options)
        and _shallow(tube, depth, options)
        and not any(min(_ends_off(tube, main)) < _reach(main) for main in mains)
    ]
    return [
        tube
        for tube in level
        if sum(
            _twins(tube, other)
            and abs(depth[id(tube)] - depth[id(other)]) < _SAME_DEPTH_M
            and not _in_line(tube, other)
            for other in level
            if other is not tube
        )
        >= _ROW
    ]


def _in_line(tube: Tube, other: Tube) -> bool:
    """Tell whether a tube, carried on, would pass through the middle of another."""
    return _aside_m(tube, other) < _ASIDE_M


def _in_a_bank(tube: Tube, other: Tube, options: ClassifyOptions) -> bool:
    """Tell whether another tube of a size lies close beside one, as ducts do and struts never."""
    return (
        tube.radius_m + other.radius_m < _aside_m(tube, other) < _BANK_M
        and _twins(tube, other)
        and _level(other, options)
        and _acute_deg(_chord(tube), _chord(other)) < _BANK_DEG
    )


def _aside_m(tube: Tube, other: Tube) -> float:
    """Return how far from a tube, carried on, the middle of another is."""
    gap, along = _centre(other) - _centre(tube), _chord(tube)
    along = along / np.linalg.norm(along)
    return float(np.linalg.norm(gap - (gap @ along) * along))


def _shallow(tube: Tube, depth: dict[int, float], options: ClassifyOptions) -> bool:
    return depth[id(tube)] - tube.radius_m < options.utility_cover_m + _SAME_DEPTH_M


def _level(tube: Tube, options: ClassifyOptions) -> bool:
    chord = _chord(tube)
    slope = math.degrees(math.asin(abs(chord[2]) / float(np.linalg.norm(chord))))
    thin = 2.0 * tube.radius_m <= options.max_strut_diameter_m
    return slope <= options.strut_level_deg and thin


def _twins(first: Tube, second: Tube) -> bool:
    return abs(math.log(first.radius_m / second.radius_m)) < _SAME_SIZE


def _depth(tube: Tube, ground: Ground) -> float:
    elevation, _ = ground.elevation_at(np.array([_centre(tube)[:2]]))
    return float(elevation[0]) - float(_centre(tube)[2])


def _like_a_strut(tube: Tube, mains: list[Tube], ground: Ground, options: ClassifyOptions) -> bool:
    chord = _chord(tube)
    if not _level(tube, options):
        return False
    least = 90.0 - options.strut_perpendicular_deg
    level = chord * np.array([1.0, 1.0, 0.0])
    square = _acute_deg(level, _trench_direction(ground, _centre(tube))) > least
    if not mains:
        return square
    main = min(mains, key=lambda m: float(np.linalg.norm(m.nodes - _centre(tube), axis=1).min()))
    nearest = main.nodes[int(np.argmin(np.linalg.norm(main.nodes - _centre(tube), axis=1)))]
    above = float(_centre(tube)[2]) > float(nearest[2]) + main.radius_m
    return above and (square or squarest_deg(tube, main) > least)


def _minor_role(tube: Tube, mains: list[Tube]) -> Role:
    """Return branch where an end meets a main, crossing where it passes one, else unknown."""
    for main in mains:
        ends, reach = _ends_off(tube, main), _reach(main)
        if min(ends) < reach and max(ends) > 2.0 * reach:
            return Role.BRANCH
        plan = shapely.LineString(tube.nodes[:, :2])
        if plan.intersects(shapely.LineString(main.nodes[:, :2])):
            return Role.CROSSING
    return Role.UNKNOWN


def _ends_off(tube: Tube, main: Tube) -> list[float]:
    """Return how far the ends of a tube are from a main's axis."""
    return [float(np.linalg.norm(main.nodes - end, axis=1).min()) for end in tube.nodes[[0, -1]]]


def _reach(main: Tube) -> float:
    """Return how far from a main's axis the end of what leaves it may be seen."""
    return main.radius_m + 0.3 * 2.0 * main.radius_m + 0.15
