"""The overview as one page that needs no other file, script or network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from twin_pipeline.digits import sigma
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import clean_text
from twin_pipeline.network.charts import draw_cover, draw_years
from twin_pipeline.network.map import class_of
from twin_pipeline.templates import templates_beside

NO_VALUE = "–"
SHOWN = 50
"""Worst places on the page; overview.json has more."""

KINDS = {
    "size": ("呼び径別", "By nominal diameter", "φ{} mm"),
    "material": ("管種別", "By material", "{}"),
    "year": ("布設年度別", "By fiscal year of laying", "{}年度"),
    "quality": ("品質別", "By quality", "{}"),
    "role": ("区分別", "By role", "{}"),
}
NAMES = {
    "main": "本管 main",
    "branch": "分岐管 branch",
    "crossing": "横断管 crossing",
    "unknown": "不明 unknown",
    "good": "良 good",
    "usable": "可 usable",
    "poor": "不良 poor",
    "DIP": "DIP ダクタイル鋳鉄管",
    "SP": "SP 鋼管",
    "HPPE": "HPPE 水道配水用ポリエチレン管",
    "VP": "VP 硬質塩化ビニル管",
    "SUS": "SUS ステンレス鋼管",
}
DEVIATIONS = {
    "position_std_h_m": ("水平位置", "Horizontal position"),
    "position_std_v_m": ("鉛直位置", "Vertical position"),
    "cover_std_m": ("土被り", "Cover"),
    "outer_diameter_std_m": ("外径", "Outer diameter"),
}
REASONS = {
    "cover_sure": ("土被り不足（確実）", "cover too small, beyond doubt"),
    "cover": ("土被り不足", "cover too small"),
    "cover_possible": ("土被り不足の可能性", "cover may be too small"),
    "quality": ("計測品質が不良", "measurement of poor quality"),
    "hidden": ("半分以上が見えない", "less than half was seen"),
}


def write_page(record: Mapping[str, Any], drawn: Markup | None, path: Path) -> Path:
    """Write the page.

    Parameters
    ----------
    record
        Content of overview.json.
    drawn
        The map; None where no site has a place.
    path
        The file.
    """
    environment = templates_beside(__file__, _storable)
    environment.filters |= {
        "number": _number,
        "sigma": sigma,
        "percent": _percent,
        "mm": _millimetres,
    }
    limits_m = [row["limit_m"] for row in record["cover"]["under"]]
    text = environment.get_template("page.html.j2").render(
        record=record,
        drawn=drawn,
        histogram=draw_cover(record["cover"]["bins"], limits_m),
        years=draw_years(record["by"]["year"]),
        most=_most,
        classes=_classes(limits_m),
        kinds=KINDS,
        label=_label,
        deviations=DEVIATIONS,
        reasons=REASONS,
        shown=SHOWN,
    )
    return write_text(path, text)


def _label(kind: str, value: Any) -> str:  # noqa: ANN401 - a value of any field
    if value is None:
        return "未定 undecided" if kind == "size" else "不明 unknown"
    return KINDS[kind][2].format(NAMES.get(str(value), value))


def _classes(limits_m: list[float]) -> list[tuple[str, str]]:
    """Return style and legend of each class of cover, the shallowest first."""
    found = []
    for above in range(len(limits_m) + 1):
        low = f"> {limits_m[above - 1]:g} m" if above else ""
        high = f"≤ {limits_m[above]:g} m" if above < len(limits_m) else ""
        found.append((class_of(above), ", ".join(filter(None, (low, high)))))
    return [*found, (class_of(None), "不明 unknown")]


def _most(rows: list[dict[str, Any]]) -> float:
    """Return the greatest share of some rows, which the longest bar stands for."""
    return max((row["share"] or 0.0 for row in rows), default=0.0) or 1.0


def _number(value: float | None, digits: int = 3) -> str:
    return NO_VALUE if value is None else f"{value:,.{digits}f}"


def _percent(share: float | None) -> str:
    """Write a share as per cent; what is there is never written as nothing."""
    if share is None:
        return NO_VALUE
    return "<0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


def _millimetres(value_m: float | None) -> str:
    return NO_VALUE if value_m is None else f"{1000 * value_m:.1f}"


def _storable(value: object) -> object:
    return clean_text(value) if type(value) is str else value
