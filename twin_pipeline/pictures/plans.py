"""Plans, a stage each: pavement and excavation, seeds, runs, tubes."""

import math

import numpy as np

from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.pictures.paper import finish_plan, plan_sheet, thinned
from twin_pipeline.pictures.record import Record, Try
from twin_pipeline.report.sheet import PlanSheet
from twin_pipeline.report.svg import Drawing

_MOST_CELLS = 12_000
_MOST_PATCHES = 3_000
_MOST_SEEDS = 6_000
_DEPTHS = 8
_LABEL = 11.0
_STRONG_RAD = 1.8


def draw_ground(record: Record) -> Drawing:
    """Show what was taken for pavement, and how deep below it the rest lies."""
    sheet = plan_sheet(record, "Ground and excavation")
    place = record.place
    cells, size_m, first = _surface(record)
    entries = []
    if place.excavation is None:
        _cells(sheet, cells + record.origin, "cell depth1", size_m)
        entries.append(("cell depth1", "no pavement around an excavation found: all is searched"))
    else:
        depth, inside = place.excavation.depth_m[first], place.excavation.inside[first]
        deepest = max(float(np.nanmax(depth, initial=0.1)), 0.1)
        step = 0.05 * math.ceil(20.0 * deepest / _DEPTHS)
        for css, name, chosen in _classes(depth, inside, step):
            _cells(sheet, cells[chosen] + record.origin, f"cell {css}", size_m)
            entries.append((f"cell {css}", name))
    if place.ground is not None:
        patches = _on_sheet(sheet, thinned(place.ground.patches, _MOST_PATCHES) + record.origin)
        sheet.drawing.dots(sheet.path(patches), "patch")
        entries.append(("patch", f"{len(place.ground.patches)} pieces of pavement cover rests on"))
    _outlines(sheet, record)
    entries.append(("trench", "outline of the excavation"))
    return finish_plan(sheet, "1 Ground and excavation, seen from above", entries)


def _classes(depth: FloatArray, inside: BoolArray, step: float) -> list[tuple[str, str, BoolArray]]:
    known = np.nan_to_num(depth, nan=0.0)
    on = np.abs(known) <= 0.03
    found = [
        ("elsewhere", "lower, but outside the excavation: not searched", ~inside & (known > 0.03)),
        ("pavement", "level with the pavement", on),
        ("above", "above the pavement: not searched", known < -0.03),
    ]
    for k in range(_DEPTHS):
        low, high = max(k * step, 0.03), (k + 1) * step if k + 1 < _DEPTHS else math.inf
        name = (
            f"{k * step:.1f}-{(k + 1) * step:.1f} m" if k + 1 < _DEPTHS else f"> {k * step:.1f} m"
        )
        found.append((f"depth{k}", f"{name} deep", inside & (known > low) & (known <= high)))
    return found


def draw_seeds(record: Record) -> Drawing:
    """Show the short pieces of axis that detection found, by how well they are supported."""
    sheet = plan_sheet(record, "Seeds")
    _background(sheet, record)
    seeds, least = record.seeds, record.least_strength_rad
    strong = seeds.strength >= max(_STRONG_RAD, least)
    followed = seeds.strength >= least
    entries = []
    for css, name, chosen in (
        ("weak", f"arc below {math.degrees(least):.0f}°: not followed", ~followed),
        ("fair", f"arc up to {math.degrees(_STRONG_RAD):.0f}°", followed & ~strong),
        ("strong", "wider arc", strong),
    ):
        which = np.flatnonzero(chosen)[:_MOST_SEEDS]
        half = np.maximum(2.0 * seeds.radius_m[which], 0.06)[:, None] * seeds.direction[which]
        ends = np.stack([seeds.centre[which] - half, seeds.centre[which] + half], axis=1)
        sheet.drawing.strokes([sheet.path(pair + record.origin) for pair in ends], f"seed {css}")
        entries.append((f"seed {css}", f"{int(chosen.sum())} seeds, {name}"))
    _outlines(sheet, record)
    return finish_plan(sheet, "2 Seeds: where surface patches agree on an axis", entries)


def draw_runs(record: Record) -> Drawing:
    """Show the runs that were followed and measured, in their order, with their outcome."""
    sheet = plan_sheet(record, "Runs")
    _background(sheet, record)
    _outlines(sheet, record)
    for one in sorted(record.tries, key=lambda t: (t.against is None, not t.probe)):
        if one.probe and one.against is None:
            continue
        line = one.run.axis if one.tube is None else one.tube.nodes
        sheet.drawing.polyline(sheet.path(line + record.origin), f"run {_outcome(one)}")
    for one in record.tries:
        if not (one.probe and one.against is None):
            css = "good" if one.against is None else "bad"
            _label(sheet, one.run.axis + record.origin, str(one.number), f"label {css}")
    return finish_plan(
        sheet,
        "3 Runs that were followed and measured; the table gives the reason to each number",
        [
            ("run good", "holds a tube that may be a pipe"),
            ("run bad", "measured and rejected"),
            ("run looked", "rejected at a first look"),
        ],
    )


def _outcome(one: Try) -> str:
    if one.against is None:
        return "good"
    return "looked" if one.probe else "bad"


def draw_tubes(record: Record) -> Drawing:
    """Show the pipes, and the tubes that are none with the reason."""
    sheet = plan_sheet(record, "Pipes")
    _background(sheet, record)
    _outlines(sheet, record)
    for tube, _ in record.out:
        _tube(sheet, record, tube, "bad")
    for tube, pipe in record.pipes:
        _tube(sheet, record, tube, pipe.role.value)
    for tube, reason in record.out:
        _label(sheet, tube.nodes + record.origin, f"left out: {reason}", "label bad")
    for tube, pipe in record.pipes:
        text = f"{pipe.pipe_id} {pipe.role}, {1000 * pipe.outer_diameter_m:.1f} mm"
        _label(sheet, tube.nodes + record.origin, text, "label good")
    entries = [
        *((f"tube {role}", role) for role in ("main", "branch", "crossing", "unknown")),
        ("tube bad", "a tube, but no pipe of this excavation"),
        ("unseen", "not seen"),
    ]
    return finish_plan(sheet, "4 Pipes, and tubes that were left out", entries)


def _tube(sheet: PlanSheet, record: Record, tube: Tube, css: str) -> None:
    width = max(2.0 * tube.radius_m * sheet.units_per_m, 3.0)
    path = sheet.path(tube.nodes + record.origin)
    sheet.drawing.polyline(path, f"tube {css}", width)
    for first, last in stretches(~tube.observed):
        sheet.drawing.polyline(path[max(first - 1, 0) : last + 2], "unseen", 0.4 * width)
    sheet.drawing.polyline(path, "axis bad" if css == "bad" else "axis")


def _label(sheet: PlanSheet, line: FloatArray, text: str, css: str) -> None:
    where = [line[int(share * (len(line) - 1))] for share in (0.5, 0.3, 0.7, 0.1, 0.9)]
    centres = [
        (x + dx, y + dy)
        for dx, dy in ((0.0, -12.0), (0.0, 14.0), (0.0, -28.0), (0.0, 30.0), (30.0, -44.0))
        for x, y in sheet.path(np.array(where))
    ]
    x, y = sheet.labels.place(text, _LABEL, centres)
    sheet.drawing.text((x, y + 4.0), text, f"{css} middle")


def _surface(record: Record) -> tuple[FloatArray, float, IntArray]:
    """Return the highest places (C, 3) in columns, local frame, their size, and their points."""
    pyramid = record.place.pyramid
    extent = np.ptp(pyramid.xyz[:, :2], axis=0)
    level = pyramid.level_near(max(0.04, math.sqrt(float(extent.prod()) / _MOST_CELLS)))
    first = level.starts[:-1]
    places = pyramid.xyz[first]
    cell = np.floor((places[:, :2] - level.lower[:2]) / level.size_m)
    order = np.lexsort((-places[:, 2], cell[:, 1], cell[:, 0]))
    cell, first = cell[order], first[order]
    top = np.ones(len(cell), bool)
    top[1:] = np.any(cell[1:] != cell[:-1], axis=1)
    xy = level.lower[:2] + (cell[top] + 0.5) * level.size_m
    return np.column_stack([xy, pyramid.xyz[first[top], 2]]), level.size_m, first[top]


def _background(sheet: PlanSheet, record: Record) -> None:
    cells, size_m, _ = _surface(record)
    _cells(sheet, cells + record.origin, "cell faint", size_m)


def _on_sheet(sheet: PlanSheet, places: FloatArray) -> FloatArray:
    """Return the places (P, 3), scan frame, that lie on the sheet."""
    on = (places[:, 0] > sheet.easting.low_m) & (places[:, 0] < sheet.easting.high_m)
    on &= (places[:, 1] > sheet.northing.low_m) & (places[:, 1] < sheet.northing.high_m)
    return np.asarray(places[on])


def _cells(sheet: PlanSheet, places: FloatArray, css: str, size_m: float) -> None:
    """Draw square cells around places (P, 3), scan frame, those of a row in one stroke."""
    shown = _on_sheet(sheet, places)
    if len(shown) == 0:
        return
    shown = shown[np.lexsort((shown[:, 0], np.round(shown[:, 1] / size_m)))]
    step = np.diff(shown[:, :2], axis=0)
    apart = (np.abs(step[:, 1]) > 0.5 * size_m) | (np.abs(step[:, 0] - size_m) > 0.5 * size_m)
    edges = np.flatnonzero(apart) + 1
    rows = np.split(shown, edges)
    lines = [sheet.path(row[[0, -1]] if len(row) > 1 else row) for row in rows]
    sheet.drawing.strokes(lines, css, size_m * sheet.units_per_m)


def _outlines(sheet: PlanSheet, record: Record) -> None:
    ground = record.place.ground
    for ring in ground.outlines if ground is not None else ():
        sheet.drawing.polygon(sheet.path(ring + record.origin[:2]), "trench")
