"""Cross-sections of a tube: the points, the circle, its gate, and what was left out."""

import math

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.model import BoolArray, FloatArray, IntArray
from twin_pipeline.pictures.paper import add_legend, arc, thinned
from twin_pipeline.pictures.subject import (
    CLASSES,
    Subject,
    across,
    angles,
    classes,
    fit_chainage,
    hidden_stretches,
    joints_of,
    telling_chainages,
)
from twin_pipeline.report.scales import Axis, round_step
from twin_pipeline.report.svg import Drawing, Point

_WIDTH, _COLUMNS, _PANEL, _HEAD = 1000.0, 3, 300.0, 60.0
_CAPTION, _STRIP, _GAP = 34.0, 74.0, 34.0
_ROW = _PANEL + _CAPTION + _STRIP + _GAP
_VIEW, _RING, _EDGE = 1.6, 1.72, 1.82
"""Of the points that are drawn, the ring, and the panel, in radii."""
_SECTORS = 36
_MOST_POINTS = 1500
_SLABS_M = (0.04, 0.1, 0.2, 0.4)
_ENOUGH = 300
_NEAR_JOINT_M = 0.3


def draw_sections(subject: Subject, pyramid: Pyramid) -> Drawing:
    """Return a sheet of cross-sections, seen along the rising chainage."""
    places = telling_chainages(subject)
    rows = max(math.ceil(len(places) / _COLUMNS), 1)
    height = _HEAD + rows * _ROW
    drawing = Drawing(_WIDTH, height, f"Cross-sections: {subject.name}")
    drawing.text((16.0, 24.0), subject.heading, "title")
    drawing.text((16.0, 43.0), subject.verdict, "soft")
    for number, chainage in enumerate(places):
        row, column = divmod(number, _COLUMNS)
        corner = (
            16.0 + column * (_PANEL + 32.0),
            _HEAD + row * _ROW,
        )
        _Panel(subject, pyramid, drawing, corner, chainage).draw()
    entries = [(f"point {css}", name) for css, name in reversed(CLASSES)]
    entries += [("point context", "other points"), ("circle", "the fit")]
    entries += [("gate", f"its gate of ± {1000 * subject.fit.band_m:.1f} mm")]
    add_legend(drawing, entries, 16.0)
    drawing.text(
        (16.0, drawing.height + 8.0),
        "Seen along the rising chainage. The ring tells for each 10° whether its points were used; "
        "the strip shows how far they are from the circle.",
        "soft",
    )
    drawing.height += 18.0
    return drawing


class _Panel:
    """One cross-section."""

    def __init__(
        self,
        subject: Subject,
        pyramid: Pyramid,
        drawing: Drawing,
        corner: Point,
        chainage_m: float,
    ) -> None:
        self.subject, self.pyramid, self.drawing = subject, pyramid, drawing
        self.corner, self.chainage = corner, chainage_m
        self.centre = (corner[0] + 0.5 * _PANEL, corner[1] + _CAPTION + 0.5 * _PANEL)
        self.scale = 0.5 * _PANEL / (_EDGE * subject.radius_m)
        at = np.array([chainage_m])
        self.axis = polyline.along(subject.nodes, subject.nodes, at)[0]
        direction = polyline.along(subject.nodes, polyline.directions(subject.nodes, 0.1), at)
        self.tangent = direction[0] / np.linalg.norm(direction[0])
        self.right, self.up = (side[0] for side in across(self.tangent[None]))

    def draw(self) -> None:
        """Draw points, fit, ring and caption."""
        fit, radius = self.subject.fit, self.scale * self.subject.radius_m
        slab, inside = self._slab()
        self._points(self._context(slab), "point context")
        kind = classes(fit)
        along = np.nan_to_num(fit.chainage_m)
        places = polyline.along(fit.nodes, fit.nodes, along) + fit.radial
        for number, (css, _) in enumerate(CLASSES):
            chosen = inside & (kind == number)
            self._points(places[chosen], f"point {css}")
        self.drawing.circle(self.centre, radius, "circle")
        for side in (-1.0, 1.0):
            gate = radius + side * self.scale * fit.band_m
            if gate > 0.0:
                self.drawing.circle(self.centre, gate, "gate")
        self._cross()
        used_deg = self._ring(inside, kind)
        self._scale_bar()
        self._residuals(inside, kind)
        self._caption(slab, int(np.count_nonzero(inside & fit.used)), used_deg)

    def _slab(self) -> tuple[float, BoolArray]:
        """Return half the thickness of a slice with enough points, and which (N,) lie in it."""
        fit = self.subject.fit
        off = np.abs(fit.chainage_m - fit_chainage(fit, self.axis))
        near = np.abs(fit.residual_m) <= max(0.12 * fit.radius_m, fit.band_m)
        for half in _SLABS_M[:1] if self._remark() else _SLABS_M:
            inside = off <= half
            if np.count_nonzero(inside & near) >= _ENOUGH:
                break
        return half, inside

    def _context(self, half_m: float) -> FloatArray:
        step = half_m * self.tangent
        level = self.pyramid.level_near(0.1)
        reach = 1.5 * _VIEW * self.subject.radius_m
        index = level.points_in_capsule(self.axis - step, self.axis + step, reach)
        points = self.pyramid.xyz[index]
        return points[np.abs((points - self.axis) @ self.tangent) <= half_m]

    def _points(self, places: FloatArray, css: str) -> None:
        offset = thinned(places, _MOST_POINTS) - self.axis
        x, y = offset @ self.right, offset @ self.up
        most = _VIEW * self.subject.radius_m
        on = (np.abs(x) <= most) & (np.abs(y) <= most)
        places = np.column_stack([x, -y])[on] * self.scale + self.centre
        self.drawing.dots([(a, b) for a, b in places.tolist()], css)

    def _cross(self) -> None:
        x, y = self.centre
        self.drawing.line((x - 6.0, y), (x + 6.0, y), "circle")
        self.drawing.line((x, y - 6.0), (x, y + 6.0), "circle")

    def _ring(self, inside: BoolArray, kind: IntArray) -> float:
        """Draw what became of each sector; return the arc that was used, degrees."""
        fit = self.subject.fit
        sector = ((angles(fit) + np.pi) / (2.0 * np.pi) * _SECTORS).astype(np.int64) % _SECTORS
        count = np.array(
            [
                np.bincount(sector[inside & (kind == k)], minlength=_SECTORS)
                for k in range(len(CLASSES))
            ]
        )
        enough = max(1.5, 0.1 * float(np.median(count[3][count[3] > 0]))) if count[3].any() else 1.5
        for k in range(_SECTORS):
            if count[3][k] > enough:
                css = "used"
            elif count[2][k] > enough:
                css = "hidden"
            elif count[1][k] > enough:
                css = "dropped"
            else:
                css = "none"
            start = (k / _SECTORS) * 2.0 * np.pi - np.pi
            radius = self.scale * _RING * self.subject.radius_m
            points = arc(self.centre, radius, start + 0.015, start + 2.0 * np.pi / _SECTORS - 0.015)
            self.drawing.polyline(points, f"ring {css}")
        return float(np.count_nonzero(count[3] > enough)) * 360.0 / _SECTORS

    def _scale_bar(self) -> None:
        length_m = round_step(0.25 * self.subject.radius_m)
        x, y = self.corner[0], self.corner[1] + _CAPTION + _PANEL - 2.0
        self.drawing.rectangle((x, y - 4.0), length_m * self.scale, 4.0, "bar-dark")
        text = f"{1000 * length_m:g} mm"
        self.drawing.text((x + length_m * self.scale + 5.0, y), text, "tick")

    def _caption(self, half_m: float, used: int, used_deg: float) -> None:
        x, y = self.corner
        self.drawing.text((x, y + 12.0), f"at {self.chainage:.2f} m {self._remark()}", "label")
        said = f"{used_deg:.0f}° and {used} points used in {200 * half_m:.0f} cm"
        self.drawing.text((x, y + 27.0), f"{said}{self._slice()}", "soft")

    def _residuals(self, inside: BoolArray, kind: IntArray) -> None:
        """Draw how far points are from the circle, against where they are around it."""
        fit = self.subject.fit
        left, top = self.corner[0], self.corner[1] + _CAPTION + _PANEL + 8.0
        around = Axis(-180.0, 180.0, left, left + _PANEL)
        off = Axis(-2.0 * fit.band_m, 2.0 * fit.band_m, top + _STRIP, top)
        self.drawing.rectangle((left, top), _PANEL, _STRIP, "frame")
        for value, css in ((-fit.band_m, "gate"), (0.0, "circle"), (fit.band_m, "gate")):
            self.drawing.line((left, off(value)), (left + _PANEL, off(value)), css)
        for side, name in ((-90.0, "left"), (0.0, "crown"), (90.0, "right")):
            self.drawing.text((around(side), top + _STRIP + 13.0), name, "tick middle")
        self.drawing.text((left, top + _STRIP + 13.0), f"± {2000.0 * fit.band_m:.0f} mm", "tick")
        shown = inside & (np.abs(fit.residual_m) < 2.0 * fit.band_m)
        angle = np.degrees(angles(fit))
        for number, (css, _) in enumerate(CLASSES):
            chosen = np.flatnonzero(shown & (kind == number))[:_MOST_POINTS]
            places = zip(angle[chosen].tolist(), fit.residual_m[chosen].tolist(), strict=True)
            self.drawing.dots([(around(a), off(r)) for a, r in places], f"point {css}")

    def _remark(self) -> str:
        joints = joints_of(self.subject)
        if len(joints) and np.abs(joints - self.chainage).min() < _NEAR_JOINT_M:
            return "joint"
        hidden = hidden_stretches(self.subject)
        if any(first <= self.chainage <= last for first, last in hidden):
            return "hidden"
        return ""

    def _slice(self) -> str:
        tube = self.subject.tube
        if tube is None:
            return ""
        node = int(np.linalg.norm(tube.nodes - self.axis, axis=1).argmin())
        own = 2000.0 * float(tube.slice_radius_m[node])
        return f", alone Ø {own:.1f}" if tube.observed[node] and np.isfinite(own) else ""
