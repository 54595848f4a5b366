"""The bar charts of an overview."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from twin_pipeline.network.map import class_of
from twin_pipeline.network.measures import BIN_M
from twin_pipeline.report.scales import round_step
from twin_pipeline.report.svg import Drawing

FEW_YEARS = 12
"""Up to so many years are told in a table."""
_WIDTH, _HEIGHT = 1000.0, 310.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 986.0, 34.0, 268.0


def draw_cover(bins: Sequence[Mapping[str, float]], limits_m: Sequence[float]) -> Markup | None:
    """Return kilometres by cover as bars, with the limits as lines; None where none is known."""
    if not bins:
        return None
    first = min(bins[0]["from_m"], *limits_m) - BIN_M
    last = max(bins[-1]["from_m"] + BIN_M, *limits_m) + BIN_M
    drawing = Drawing(_WIDTH, _HEIGHT, "土被りの分布 Distribution of the cover")
    scale = (_RIGHT - _LEFT) / (last - first)
    rise = _axis(drawing, max(held["length_km"] for held in bins))
    for held in bins:
        x, tall = _LEFT + (held["from_m"] - first) * scale, held["length_km"] * rise
        above = sum(held["from_m"] + BIN_M / 2 > limit for limit in limits_m)
        if tall:
            style = f"bar-fill {class_of(above)}"
            drawing.rectangle((x + 1, _BOTTOM - tall), max(BIN_M * scale - 2, 0.5), tall, style)
    every = max(round_step((last - first) / 14), BIN_M)
    number = -(-first // every)
    while number * every <= last:
        x = _LEFT + (number * every - first) * scale
        drawing.text((x, _BOTTOM + 17), f"{number * every:z.1f}", "tick middle")
        number += 1
    for limit in limits_m:
        x = _LEFT + (limit - first) * scale
        drawing.line((x, _TOP - 8), (x, _BOTTOM), "limit")
        drawing.text((x, _TOP - 14), f"{limit:g} m", "limit-name middle")
    drawing.text((_RIGHT, _HEIGHT - 6), "土被り cover (m)", "tick end")
    return drawing.markup()


def draw_years(rows: Sequence[Mapping[str, Any]]) -> Markup | None:
    """Return kilometres by year as bars; None where a table tells them as well."""
    known = {row["value"]: row["length_km"] for row in rows if row["value"] is not None}
    if len(known) <= FEW_YEARS:
        return None
    first, last = min(known), max(known)
    drawing = Drawing(_WIDTH, _HEIGHT, "布設年度別の延長 Kilometres by fiscal year of laying")
    scale = (_RIGHT - _LEFT) / (last - first + 1)
    rise = _axis(drawing, max(known.values()))
    for year, length_km in known.items():
        x, tall = _LEFT + (year - first) * scale, length_km * rise
        drawing.rectangle((x + 1, _BOTTOM - tall), max(scale - 2, 0.5), tall, "bar-plain")
    every = int(max(round_step((last - first) / 12), 1))
    for year in range(-(-first // every) * every, last + 1, every):
        x = _LEFT + (year - first + 0.5) * scale
        drawing.text((x, _BOTTOM + 17), str(year), "tick middle")
    unknown_km = sum(row["length_km"] for row in rows if row["value"] is None)
    told = f"布設年度 fiscal year of laying; 不明 unknown {unknown_km:,.3f} km"
    drawing.text((_RIGHT, _HEIGHT - 6), told, "tick end")
    return drawing.markup()


def _axis(drawing: Drawing, most_km: float) -> float:
    """Draw the axis of kilometres; return drawing units a kilometre."""
    rise = (_BOTTOM - _TOP) / most_km if most_km else 0.0
    tick = round_step(most_km / 4) if most_km else 1.0
    for number in range(int(most_km / tick) + 1):
        y = _BOTTOM - number * tick * rise
        drawing.line((_LEFT, y), (_RIGHT, y), "grid")
        drawing.text((_LEFT - 8, y + 4), f"{number * tick:g}", "tick end")
    drawing.text((_LEFT - 8, _TOP - 14), "km", "tick end")
    drawing.line((_LEFT, _BOTTOM), (_RIGHT, _BOTTOM), "axis")
    return rise
