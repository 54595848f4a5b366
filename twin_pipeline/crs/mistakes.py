"""Common mistakes in a scan's coordinates: exchanged axes, units other than metres, shifts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress

from twin_pipeline.crs.options import AxisOrder
from twin_pipeline.crs.place import Extent

IN_METRES = "convert the scan to metres first"
# No trench is smaller.
_SMALLEST_SCAN_M = 0.5
# Added by programs that can't do with negative coordinates.
_MILLION_M = 1e6
UNITS_M = {
    "millimetres": 0.001,
    "feet": 0.3048,
    "centimetres": 0.01,
}


_SHIFTS = {
    "northing": (0.0, -_MILLION_M, 0.0),
    "easting": (-_MILLION_M, 0.0, 0.0),
    "easting and the northing": (-_MILLION_M, -_MILLION_M, 0.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Mistake:
    """One that may have been made."""

    reading: str
    """How the coordinates would be read rightly, to follow 'but'."""
    mended: Extent
    """The box as it would be without it."""
    remedy: str
    exchanges: bool = False
    """Whether it is one of axes, on which `axis_order` decides."""


def mistakes(extent: Extent, axis_order: AxisOrder | None) -> Iterator[Mistake]:
    """Yield the mistakes worth a look, the likeliest first."""
    other = "en" if axis_order == "ne" else "ne"
    remedy = f"give --axis-order {other}"
    if axis_order is None:
        remedy += " if it stores northing first, --axis-order en if not"
    reading = "with its first two coordinates exchanged"
    yield Mistake(reading, extent.exchanged(), remedy, exchanges=True)
    spread = float((extent.upper - extent.lower)[:2].max())
    units = [Mistake(f"taken as {u}", extent.scaled(m), IN_METRES) for u, m in UNITS_M.items()]
    plausible = [spread * size_m > _SMALLEST_SCAN_M for size_m in UNITS_M.values()]
    yield from compress(units, plausible)
    for name, shift in _SHIFTS.items():
        reading = f"with 1,000,000 m taken off the {name}"
        yield Mistake(reading, extent.shifted(shift), "take it off in the scan first")
    yield from compress(units, (not good for good in plausible))
