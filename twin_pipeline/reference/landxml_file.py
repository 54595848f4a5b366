"""Lines out of LandXML 1.x: alignments with their profiles, pipe networks, plan features.

LandXML writes northing first. The Japanese J-LandXML names the zone in
`horizontalCoordinateSystemName`, as `9(X,Y)`.
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from lxml import etree

from twin_pipeline.errors import InputError
from twin_pipeline.model import FloatArray, LevelKind
from twin_pipeline.reference.lines import FileLine, FileLines

Element = Any
_STEP_M = 0.1
"""Between vertices put on a curve."""
_SLACK_M = 0.01
"""By how much stations of profile and line may differ, as rounded numbers do."""
_BEFORE_ZONE_1 = 6668


def read_landxml_lines(path: Path) -> FileLines:
    """Read alignments (with the levels of their profile), pipes and plan features.

    Raises
    ------
    InputError
        When the file is no LandXML in metres, or has an element that is not understood here.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.parse(path, parser).getroot()
    except etree.XMLSyntaxError as error:
        raise InputError(f"{path}: is no XML ({error})") from error
    if etree.QName(root).localname != "LandXML":
        raise InputError(f"{path}: is no LandXML; its root is {etree.QName(root).localname}")
    _require_metres(path, root)
    _resolve_points(path, root)
    try:
        lines = (*_alignments(root), *_networks(root), *_features(root))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise InputError(f"{path}: can't be understood ({error})") from error
    crs, vertical = _system(root)
    return FileLines(lines, crs=crs, order="ne", vertical=vertical)


def _require_metres(path: Path, root: Element) -> None:
    for units in root.iter("{*}Imperial"):
        raise InputError(f"{path}: is in {units.get('linearUnit', 'feet')}; save it in metres")
    for units in root.iter("{*}Metric"):
        if units.get("linearUnit", "meter") != "meter":
            raise InputError(f"{path}: is in {units.get('linearUnit')}; save it in metres")


def _resolve_points(path: Path, root: Element) -> None:
    """Give each point that refers to a coordinate geometry point the coordinates of that."""
    points = {point.get("name"): point.text for point in root.iter("{*}CgPoint")}
    for element in root.iter():
        name = element.get("pntRef") if isinstance(element.tag, str) else None
        if name is not None and etree.QName(element).localname != "CgPoint":
            if name not in points:
                raise InputError(f"{path}: refers to the point {name!r}, which it doesn't have")
            element.text = points[name]


def _system(root: Element) -> tuple[str | None, str | None]:
    for system in root.iter("{*}CoordinateSystem"):
        vertical = system.get("verticalDatum")
        if (code := system.get("epsgCode") or "").isdigit():
            return f"EPSG:{code}", vertical
        zone = re.match(r"\s*(\d{1,2})\s*\(", system.get("horizontalCoordinateSystemName") or "")
        if zone and 1 <= int(zone[1]) <= 19:
            return f"EPSG:{_BEFORE_ZONE_1 + int(zone[1])}", vertical
        return None, vertical
    return None, None


def _numbers(element: Element | None) -> list[float]:
    if element is None or not (element.text or "").strip():
        raise ValueError("a point has no coordinates")
    return [float(word) for word in element.text.split()]


def _alignments(root: Element) -> Iterator[FileLine]:
    for alignment in root.iter("{*}Alignment"):
        geometry = alignment.find("{*}CoordGeom")
        if geometry is None:
            continue
        line = _joined(_piece(piece) for piece in geometry if isinstance(piece.tag, str))
        profile = next(alignment.iter("{*}ProfAlign"), None)
        if profile is not None:
            line = _with_profile(line, profile, float(alignment.get("staStart", 0.0)))
        yield FileLine(alignment.get("name", ""), line)


def _joined(pieces: Iterator[FloatArray]) -> FloatArray:
    held = list(pieces)
    size = min(piece.shape[1] for piece in held)
    parts = [held[0][:, :size], *(piece[1:, :size] for piece in held[1:])]
    return np.concatenate(parts)


def _piece(piece: Element) -> FloatArray:
    kind = etree.QName(piece).localname
    if kind == "Line":
        ends = [_numbers(piece.find(f"{{*}}{name}")) for name in ("Start", "End")]
        return np.array([end[: min(len(ends[0]), len(ends[1]), 3)] for end in ends])
    if kind == "Curve":
        return _arc(piece)
    if kind == "IrregularLine":
        return _points(piece)
    raise ValueError(f"{kind} in a CoordGeom is not supported; give lines and circular curves")


def _points(element: Element) -> FloatArray:
    for name, size in (("PntList3D", 3), ("PntList2D", 2)):
        found = element.find(f"{{*}}{name}")
        if found is not None:
            return np.array(_numbers(found)).reshape(-1, size)
    raise ValueError("a line has no PntList")


def _arc(piece: Element) -> FloatArray:
    """Return points on a circular curve; coordinates are north, east."""
    start, centre, end = (
        np.array(_numbers(piece.find(f"{{*}}{name}"))[:2]) for name in ("Start", "Center", "End")
    )
    first, last = (math.atan2(*(point - centre)[::-1]) for point in (start, end))
    # bearings grow clockwise, as from north to east
    turn = (last - first) % math.tau if piece.get("rot") == "cw" else -((first - last) % math.tau)
    radius = float(np.linalg.norm(start - centre))
    count = max(math.ceil(abs(turn) * radius / _STEP_M), 2)
    bearings = first + turn * np.linspace(0.0, 1.0, count + 1)
    arc = centre + radius * np.column_stack((np.cos(bearings), np.sin(bearings)))
    arc[0], arc[-1] = start, end
    return arc


def _with_profile(line: FloatArray, profile: Element, start_m: float) -> FloatArray:
    """Return the line with levels; NaN where the profile does not reach."""
    plan = line[:, :2]
    steps = np.linalg.norm(np.diff(plan, axis=0), axis=1)
    at_vertex = start_m + np.concatenate(([0.0], np.cumsum(steps)))
    stations, levels = _profile(profile)
    inner = stations[(stations > at_vertex[0]) & (stations < at_vertex[-1])]
    at = np.unique(np.concatenate((at_vertex, inner)))
    north, east = (np.interp(at, at_vertex, plan[:, axis]) for axis in (0, 1))
    level = np.interp(at, stations, levels)
    level[(at < stations[0] - _SLACK_M) | (at > stations[-1] + _SLACK_M)] = np.nan
    return np.column_stack((north, east, level))


def _profile(profile: Element) -> tuple[FloatArray, FloatArray]:
    """Return stations and levels, parabolas resolved into short chords."""
    points = []
    for point in profile:
        if not isinstance(point.tag, str):
            continue
        kind = etree.QName(point).localname
        if kind not in {"PVI", "ParaCurve"}:
            raise ValueError(f"{kind} in a ProfAlign is not supported; give PVI and ParaCurve")
        station, level = _numbers(point)[:2]
        points.append((station, level, float(point.get("length", 0.0))))
    if len(points) < 2:
        raise ValueError("a ProfAlign has fewer than two points")
    resolved = [points[0][:2]]
    for before, point, after in zip(points[:-2], points[1:-1], points[2:], strict=True):
        resolved += _parabola(before, point, after)
    resolved.append(points[-1][:2])
    stations, levels = np.array(resolved).T
    return stations, levels


_Pvi = tuple[float, float, float]


def _parabola(before: _Pvi, point: _Pvi, after: _Pvi) -> list[tuple[float, float]]:
    """Return the vertical curve at a point of intersection, the point itself without one."""
    station, level, length = point
    if length <= 0:
        return [(station, level)]
    entering = (level - before[1]) / (station - before[0])
    leaving = (after[1] - level) / (after[0] - station)
    start = station - length / 2
    count = max(math.ceil(length / _STEP_M), 2)
    at = np.linspace(0.0, length, count + 1)
    rise = entering * at + (leaving - entering) * at**2 / (2 * length)
    levels = level - entering * length / 2 + rise
    return list(zip((start + at).tolist(), levels.tolist(), strict=True))


def _networks(root: Element) -> Iterator[FileLine]:
    for network in root.iter("{*}PipeNetwork"):
        structures = {
            structure.get("name"): (
                _numbers(structure.find("{*}Center"))[:2],
                {invert.get("refPipe"): invert for invert in structure.iter("{*}Invert")},
            )
            for structure in network.iter("{*}Struct")
        }
        for pipe in network.iter("{*}Pipe"):
            name = pipe.get("name", "")
            ends = [structures[pipe.get(ref)] for ref in ("refStart", "refEnd")]
            levels = [_invert(inverts.get(name)) for _, inverts in ends]
            plan = _pipe_plan(pipe, [place for place, _ in ends])
            yield FileLine(name, _sloped(plan, levels), LevelKind.INVERT)


def _invert(invert: Element | None) -> float:
    return float("nan") if invert is None else float(invert.get("elev"))


def _pipe_plan(pipe: Element, ends: list[list[float]]) -> FloatArray:
    found = pipe.find("{*}Center")
    points = [ends[0], _numbers(found)[:2], ends[1]] if found is not None else ends
    return np.array(points)


def _sloped(plan: FloatArray, levels: list[float]) -> FloatArray:
    steps = np.array([np.linalg.norm(b - a) for a, b in pairwise(plan)])
    share = np.concatenate(([0.0], np.cumsum(steps))) / max(float(steps.sum()), 1e-9)
    return np.column_stack((plan, levels[0] + share * (levels[1] - levels[0])))


def _features(root: Element) -> Iterator[FileLine]:
    for feature in root.iter("{*}PlanFeature"):
        geometry = feature.find("{*}CoordGeom")
        if geometry is not None:
            line = _joined(_piece(piece) for piece in geometry if isinstance(piece.tag, str))
            yield FileLine(feature.get("name", ""), line)
