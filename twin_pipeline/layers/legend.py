"""Colours of values, and the legend that explains them."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin_pipeline.layers.record import Legend, LegendItem
from twin_pipeline.model import FloatArray

COLOURS = ("#ff6bd6", "#ffb000", "#35d0ba", "#9a8cff", "#ff7a59", "#7ed957")
"""Of layers with one colour each; apart from the blues and greens of pipes."""
_RAMP = ("#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58",
         "#b5de2b", "#fde725")  # fmt: skip
"""Viridis (van der Walt & Smith, CC0): even steps, also for the colour-blind and in grey."""
_STEPS = 5


@dataclass(frozen=True, slots=True)
class Scale:
    """The range of values that the ramp of colours stands for."""

    low: float
    high: float
    step: float
    """Between the values of the legend."""
    beyond: bool
    """Whether there are values outside of the range."""

    def colours(self, values: FloatArray) -> npt.NDArray[np.uint8]:
        """Return (..., 3) red, green, blue of values; what is beyond has the end's colour."""
        share = (values - self.low) / (self.high - self.low)
        return _TABLE[np.clip(np.nan_to_num(share) * 255.0, 0, 255).astype(np.intp)]

    def hex_colours(self, values: FloatArray) -> list[str]:
        """Return a colour for each of (N,) values, as style sheets have them."""
        return ["#{:02x}{:02x}{:02x}".format(*rgb) for rgb in self.colours(values).tolist()]

    def legend(self, title: str, unit: str | None) -> Legend:
        """Return the legend, from the highest value to the lowest."""
        count = round((self.high - self.low) / self.step)
        values = [self.low + i * self.step for i in range(count + 1)]
        named = [_number(value, self.step) + (f" {unit}" if unit else "") for value in values]
        if self.beyond:
            named[0], named[-1] = f"≤ {named[0]}", f"≥ {named[-1]}"
        colours = self.hex_colours(np.array(values))
        items = [LegendItem(title=t, colour=c) for t, c in zip(named, colours, strict=True)]
        return Legend(title=title, items=tuple(reversed(items)))


def scale_of(values: FloatArray, given: tuple[float, float] | None) -> Scale:
    """Return the scale for (N,) finite values: what is given, or round numbers about nearly all.

    A few odd values would leave one colour to all others; so the ends are percentiles.
    """
    least, most = float(values.min()), float(values.max())
    if given is not None:
        low, high = given
        return Scale(low, high, (high - low) / _STEPS, beyond=least < low or most > high)
    low, high = np.percentile(values, (1.0, 99.0)).tolist()
    if (most - least) < 1.5 * (high - low):
        low, high = least, most
    if high <= low:
        low, high = least - 0.5, most + 0.5
    step = _round_step((high - low) / _STEPS)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return Scale(low, high, step, beyond=least < low or most > high)


def one_colour(title: str, colour: str) -> Legend:
    """Return the legend of a layer with one colour."""
    return Legend(title=title, items=(LegendItem(title=title, colour=colour),))


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(nice * power for nice in (1.0, 2.0, 2.5, 5.0, 10.0) if nice * power >= 0.999 * step)


def _number(value: float, step: float) -> str:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step, decimals) != step:
        decimals += 1
    return f"{value:.{min(decimals, 9)}f}" if abs(value) < 1e15 else f"{value:g}"


def _table() -> npt.NDArray[np.uint8]:
    anchors = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in _RAMP], float)
    at = np.linspace(0, len(_RAMP) - 1, 256)
    columns = [np.interp(at, np.arange(len(_RAMP)), anchors[:, i]) for i in range(3)]
    return np.round(np.column_stack(columns)).astype(np.uint8)


_TABLE = _table()
