"""Common mistakes in a scan's coordinates: exchanged axes, and units other than metres."""

from collections.abc import Iterator
from dataclasses import dataclass

from twin_pipeline.crs.options import AxisOrder
from twin_pipeline.crs.place import Extent

_IN_METRES = "convert the scan to metres first"
_UNITS_M = {
    "millimetres": 0.001,
    "feet": 0.3048,
    "centimetres": 0.01,
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
    for unit, size_m in _UNITS_M.items():
        yield Mistake(f"taken as {unit}", extent.scaled(size_m), _IN_METRES)
