"""Colours of pipes for every viewer: 3D Tiles styles, and the legends that explain them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin_pipeline.export.files import write_text
from twin_pipeline.model import Pipe

UNKNOWN = "#9aa4b2"
OTHER_SIZE = "#e8d8c3"
SIZES = {
    50: "#b8e186", 75: "#6fcf97", 100: "#2dbdb0", 150: "#4fb3ff", 200: "#6f8cff", 250: "#a98bff",
    300: "#e07be0", 350: "#ff7aa8", 400: "#ff8a65", 500: "#f2b134",
}  # fmt: skip
"""By nominal diameter in mm: the same size has the same colour in every dataset."""
COVERS = ("#ff6b5e", "#f2b134", "#4fd08a", "#4fb3ff", "#6f8cff", "#a98bff")
"""From shallow to deep, one more than there are limits."""

Styles = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a legend."""

    colour: str
    name: str
    condition: str
    """What a feature of this colour fulfils, in the 3D Tiles styling language."""


def by_size(pipes: Iterable[Pipe]) -> list[Entry]:
    """Return an entry for each nominal diameter that these pipes have."""
    sizes = {pipe.nominal_diameter_mm for pipe in pipes}
    known = sorted(size for size in sizes if size is not None)
    found = [
        Entry(SIZES.get(size, OTHER_SIZE), f"φ{size}", f"${{nominal_diameter_mm}} === {size}")
        for size in known
    ]
    return [*found, Entry(UNKNOWN, "判定不能 / undecided", "true")]


def by_cover(limits_m: Sequence[float]) -> list[Entry]:
    """Return an entry for each range of least cover between the limits."""
    colours = dict(zip(limits_m, COVERS, strict=False))
    found = [
        Entry(colour, f"< {limit:g} m", f"${{cover_min_m}} < {limit:g}")
        for limit, colour in colours.items()
    ]
    last = limits_m[-1]
    deepest = COVERS[len(limits_m)]
    # Asked for first: the styling language refuses to compare what is not there.
    return [
        Entry(UNKNOWN, "地表なし / no ground", "${cover_min_m} === undefined"),
        *found,
        Entry(deepest, f"≥ {last:g} m", "true"),
    ]


def style_of(entries: Sequence[Entry]) -> Styles:
    """Return a style in the 3D Tiles styling language."""
    return {"color": {"conditions": [[e.condition, f"color('{e.colour}')"] for e in entries]}}


def write_styles(pipes: Sequence[Pipe], limits_m: Sequence[float], out: Path) -> list[Path]:
    """Write style.json (by nominal diameter) and style_cover.json (by least cover)."""
    styles = {"style.json": by_size(pipes), "style_cover.json": by_cover(limits_m)}
    return [
        write_text(out / name, json.dumps(style_of(entries), ensure_ascii=False, indent=2) + "\n")
        for name, entries in styles.items()
    ]
