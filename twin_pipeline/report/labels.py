"""Puts labels where they cover neither each other nor what is drawn."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np

from twin_pipeline.report.svg import Point

WIDE = 1.0
"""Width of a Japanese character, in font sizes."""
NARROW = 0.56


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle, drawing units."""

    left: float
    top: float
    right: float
    bottom: float

    def inside(self, other: "Box") -> bool:
        """Whether it lies wholly in `other`."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.top <= self.top and self.bottom <= other.bottom


def text_width(text: str, font_size: float) -> float:
    """Estimate the width of `text` in a sans-serif face."""
    return font_size * sum(NARROW if ord(char) < 0x2E80 else WIDE for char in text)


class LabelPlacer:
    """Chooses for each label the candidate that covers least."""

    def __init__(self, frame: Box) -> None:
        self._frame = frame
        self._taken = np.empty((256, 4))
        self._count = 0

    def block(self, box: Box) -> None:
        """Keep labels off `box`."""
        if self._count == len(self._taken):
            self._taken = np.concatenate((self._taken, np.empty_like(self._taken)))
        self._taken[self._count] = astuple(box)
        self._count += 1

    def place(self, text: str, font_size: float, centres: Iterable[Point]) -> Point:
        """Return the centre, out of `centres` in order of liking, where `text` covers least."""
        half = (text_width(text, font_size) / 2 + 3, font_size * 0.62)
        best, least = None, np.inf
        for centre in centres:
            box = _around(centre, half)
            cost = self._cost(box)
            if cost < least:
                best, least = box, cost
            if cost == 0.0:
                break
        if best is None:
            raise ValueError(f"no place was offered for {text!r}")
        self.block(best)
        return (best.left + best.right) / 2, (best.top + best.bottom) / 2

    def _cost(self, box: Box) -> float:
        outside = 0.0 if box.inside(self._frame) else 1e6
        left, top, right, bottom = self._taken[: self._count].T
        width = np.minimum(right, box.right) - np.maximum(left, box.left)
        height = np.minimum(bottom, box.bottom) - np.maximum(top, box.top)
        return outside + float((width.clip(0.0) * height.clip(0.0)).sum())


def _around(centre: Point, half: Point) -> Box:
    (x, y), (half_width, half_height) = centre, half
    return Box(x - half_width, y - half_height, x + half_width, y + half_height)
