"""Struts, timbers, stones, cables, boots and blocks as solid bodies."""

from itertools import pairwise

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic.axis import TrenchAxis
from twin_pipeline.synthetic.bodies import Body, Boots, Box, Cable, Plank, Stone, Strut, Wale
from twin_pipeline.synthetic.route import fillet
from twin_pipeline.synthetic.solids import box, ellipsoid, frustum, tube, turned

PLATE_THICKNESS_M = 0.009
WALE_PIECE_M = 0.8


def body_rows(body: Body, axis: TrenchAxis) -> list[FloatArray]:
    """Solid bodies of one thing on the site."""
    match body:
        case Strut():
            return _strut(body, axis)
        case Wale():
            return _wale(body, axis)
        case Box() | Stone():
            return [_block(body, axis)]
        case Cable():
            places = np.array([axis.place(*place) for place in body.places])
            return tube(fillet(places, body.bend_radius_m, fit=True), 0.5 * body.diameter_m)
        case Boots():
            return _boots(body, axis)
        case Plank():
            return [_plank(body, axis)]


def _wall_offset(axis: TrenchAxis, chainage_m: float, depth_m: float) -> float:
    z = axis.place(chainage_m, 0.0, -depth_m)[2]
    piles = 0.5 * axis.trench.pile_depth_m if axis.trench.walls == "sheet_pile" else 0.0
    return axis.half_width_m(float(z)) - piles


def _strut(body: Strut, axis: TrenchAxis) -> list[FloatArray]:
    reach = _wall_offset(axis, body.chainage_m, body.depth_m)
    right = axis.place(body.chainage_m, -reach, -body.depth_m)
    left = axis.place(body.chainage_m, reach, -body.depth_m)
    left[2] = right[2] = 0.5 * (left[2] + right[2])
    axes = turned(axis.heading_rad(body.chainage_m))
    plate = (body.plate_m, PLATE_THICKNESS_M, body.plate_m)
    thin = 0.5 * (body.jack_diameter_m or body.diameter_m)
    middle = 0.5 * (left + right)
    return [
        frustum(right, middle, 0.5 * body.diameter_m),
        frustum(middle, left, thin),
        box(right, axes, plate),
        box(left, axes, plate),
    ]


def _wale(body: Wale, axis: TrenchAxis) -> list[FloatArray]:
    side = 1.0 if body.side == "left" else -1.0
    count = max(1, round((body.end_m - body.start_m) / WALE_PIECE_M))
    marks = np.linspace(body.start_m, body.end_m, count + 1)
    rows = []
    for a, b in pairwise(marks):
        middle = 0.5 * (a + b)
        offset = _wall_offset(axis, middle, body.depth_m) - 0.5 * body.thickness_m
        centre = axis.place(middle, side * offset, -body.depth_m)
        size = (b - a + 0.02, body.thickness_m, body.height_m)
        rows.append(box(centre, turned(axis.heading_rad(middle)), size))
    return rows


def _block(body: Box | Stone, axis: TrenchAxis) -> FloatArray:
    axes = turned(axis.heading_rad(body.place[0]) + np.deg2rad(body.turn_deg))
    centre = axis.place(*body.place)
    if isinstance(body, Stone):
        return ellipsoid(centre, axes, body.radii_m)
    centre[2] += 0.5 * body.size_m[2]
    return box(centre, axes, body.size_m)


def _boots(body: Boots, axis: TrenchAxis) -> list[FloatArray]:
    depth = float(axis.depth_m(np.array([body.chainage_m]))[0])
    foot = axis.place(body.chainage_m, body.offset_m, 0.04 - depth)
    axes = turned(axis.heading_rad(body.chainage_m) + np.deg2rad(body.turn_deg))
    rows = []
    for side in (-0.11, 0.11):
        heel = foot + side * axes[1]
        toe = heel + 0.09 * axes[0]
        shaft = heel + 0.36 * axes[2]
        rows.append(ellipsoid(toe, axes, (0.16, 0.052, 0.055)))
        rows.append(frustum(heel, shaft, 0.05, 0.062))
    return rows


def _plank(body: Plank, axis: TrenchAxis) -> FloatArray:
    centre = axis.place(body.chainage_m, 0.0, 0.5 * body.thickness_m + 0.005)
    width = 2 * (axis.half_width_m(float(centre[2])) + body.overhang_m)
    axes = turned(axis.heading_rad(body.chainage_m))
    fall = np.array([0.0, np.arctan(axis.pavement.crossfall)])[1]
    tilt = np.array([[1, 0, 0], [0, np.cos(fall), np.sin(fall)], [0, -np.sin(fall), np.cos(fall)]])
    return box(centre, tilt @ axes, (body.width_m, width, body.thickness_m))
