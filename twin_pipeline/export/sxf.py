"""SXF, Japan's exchange format of drawings: the plan of each site on a sheet, as P21 and as SFC.

The plan is a 部分図 of the mathematical kind: its coordinates are easting and northing in
millimetres, which the sheet shows at a usual scale. What SXF has no place for, elevations above
all, stands in labels.
"""

from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.drawn import (
    ENCODING,
    across,
    angle_deg,
    directed_stations,
    named_rows,
    pipe_label,
    pipe_layer,
    plain_text,
    readable_deg,
    station_label,
)
from twin_pipeline.export.files import staged
from twin_pipeline.export.rows import fittings_table, pipes_table, stations_table, trench_table
from twin_pipeline.model import FloatArray

_PAPER, _WIDTH_MM, _HEIGHT_MM, _MARGIN_MM = "A3", 420.0, 297.0, 20.0
# A scale is written as a decimal fraction of six digits: 1:300 would not be one.
_SCALES = (10, 20, 25, 50, 100, 200, 250, 500, 1000, 2500, 5000, 10_000, 100_000, 1_000_000)
_TEXT_MM, _SMALL_TEXT_MM = 3.5, 2.5
_LABEL_OFF_MM, _FITTING_MM = 6.0, 1.0
_PLAN_OF_MATHEMATICAL_KIND = 1
_LONGEST = 255
"""Bytes of a text or name (SXF 3.1)."""
_BLACK, _RED, _BROWN, _BLUE = "black", "red", "brown", "blue"
_BASE_LEFT, _BASE_MIDDLE = 4, 5
"""Where a text is held: at the middle of its left side, or in its middle."""


def write_sxf(dataset: Dataset, folder: Path) -> list[Path]:
    """Write SITE.p21 and SITE.sfc for every site into a folder and return the files."""
    written = []
    for result in dataset.results:
        alone = Dataset((result,), dataset.target, dataset.options, dataset.warn)
        document = _Sheet(alone, result).document
        for suffix, content in ((".p21", document.to_p21_bytes()), (".sfc", document.to_bytes())):
            path = folder / f"{result.survey.site}{suffix}"
            with staged(path) as beside:
                beside.write_bytes(content)
            written.append(path)
    return written


class _Sheet:
    """One site's plan on its paper."""

    def __init__(self, dataset: Dataset, result: SiteResult) -> None:
        import ezsxf

        site = _text(result.survey.site)
        self.document: Any = ezsxf.new_sfc(
            "plan.sfc", name=f"平面図 {site}"[:60], paper=_PAPER, orientation="landscape"
        )
        self._dataset = dataset
        self._layers: dict[str, int] = {}
        self._drawn: list[int] = []
        self._scale, self._corner_mm = _fitted(dataset)
        for draw in (self._trench, self._pipes, self._fittings, self._stations):
            draw()
        if self._drawn:
            self._place()
        self._title(site)

    def _place(self) -> None:
        share = 1.0 / self._scale
        position = tuple(round(_MARGIN_MM - corner * share, 6) for corner in self._corner_mm)
        self.document.group_elements(
            "平面図", self._drawn, kind=_PLAN_OF_MATHEMATICAL_KIND, position=position,
            scale=(share, share),
        )  # fmt: skip

    def _title(self, site: str) -> None:
        target = self._dataset.target
        said = f"平面図 {site}  1:{self._scale} ({_PAPER})  {target.name}  {target.vertical_name}"
        self.document.add_text(
            _text(said), (_MARGIN_MM, _MARGIN_MM / 2), height=_TEXT_MM, layer=self._layer("TITLE")
        )

    def _trench(self) -> None:
        for _, ring in named_rows(self._dataset.table(trench_table)):
            self._line(ring, "TRENCH", _BROWN)

    def _pipes(self) -> None:
        for values, line in named_rows(self._dataset.table(pipes_table)):
            self._line(line, pipe_layer(values), _BLUE)
            middle = len(line) // 2
            along = line[middle] - line[middle - 1]
            beside = 1000.0 * line[middle][:2] - self._real(_LABEL_OFF_MM) * across(along)
            self._label(
                pipe_label(values), beside, readable_deg(angle_deg(along)), "LABEL_PIPE", _TEXT_MM,
                _BASE_MIDDLE,
            )  # fmt: skip

    def _fittings(self) -> None:
        for values, at in named_rows(self._dataset.table(fittings_table)):
            self._circle(at, _FITTING_MM, f"FITTING_{values['kind']}".upper(), _RED)

    def _stations(self) -> None:
        for values, at, direction in directed_stations(self._dataset.table(stations_table)):
            name = "STATION" if values["observed"] else "STATION_NOT_OBSERVED"
            self._circle(at, _FITTING_MM / 2, name, _BLACK)
            aside = across(direction)
            beside = 1000.0 * at[:2] + self._real(_LABEL_OFF_MM / 2) * aside
            self._label(
                station_label(values), beside, angle_deg(aside), "LABEL_STATION", _SMALL_TEXT_MM,
                _BASE_LEFT,
            )  # fmt: skip

    def _real(self, paper_mm: float) -> float:
        return paper_mm * self._scale

    def _layer(self, name: str) -> int:
        if name not in self._layers:
            self._layers[name] = self.document.add_layer(_text(name))
        return self._layers[name]

    def _line(self, line: FloatArray, layer: str, colour: str) -> None:
        points = [_rounded(vertex) for vertex in line]
        code = self.document.add_color(colour)
        self._drawn.append(self.document.add_polyline(points, layer=self._layer(layer), color=code))

    def _circle(self, at: FloatArray, radius_mm: float, layer: str, colour: str) -> None:
        code = self.document.add_color(colour)
        radius = round(self._real(radius_mm), 3)
        self._drawn.append(
            self.document.add_circle(_rounded(at), radius, layer=self._layer(layer), color=code)
        )

    def _label(
        self,
        text: str,
        at_mm: FloatArray,
        turned_deg: float,
        layer: str,
        height_mm: float,
        base: int,
    ) -> None:
        import ezsxf

        said, height = _text(text), self._real(height_mm)
        self._drawn.append(
            self.document.add_text(
                said,
                (round(float(at_mm[0]), 3), round(float(at_mm[1]), 3)),
                height=height,
                width=round(ezsxf.estimate_text_width(said, height), 3),
                angle=round(turned_deg % 360.0, 6),
                base_point=base,
                layer=self._layer(layer),
            )
        )


def _fitted(dataset: Dataset) -> tuple[int, tuple[float, float]]:
    """Return the scale's denominator, and what lies in the lower left corner, mm."""
    shapes = [
        np.atleast_2d(shape)[:, :2]
        for build in (pipes_table, trench_table)
        for shape in dataset.table(build).shapes
    ]
    if not shapes:
        return _SCALES[0], (0.0, 0.0)
    places = 1000.0 * np.concatenate(shapes)
    low, high = places.min(axis=0), places.max(axis=0)
    room = np.array([_WIDTH_MM, _HEIGHT_MM]) - 2 * _MARGIN_MM
    least = float(((high - low) / room).max())
    scale = next((usual for usual in _SCALES if usual >= least), _SCALES[-1])
    west, south = ((low + high - room * scale) / 2).tolist()
    return scale, (west, south)


def _rounded(at: FloatArray) -> tuple[float, float]:
    """Return metres as millimetres, to a thousandth."""
    return round(1000.0 * float(at[0]), 3), round(1000.0 * float(at[1]), 3)


def _text(text: str) -> str:
    """Return text that SXF can hold."""
    plain = plain_text(text).replace("'", "’")
    return plain.encode(ENCODING)[:_LONGEST].decode(ENCODING, errors="ignore") or "-"
