"""Puts labels where they cover neither each other nor what is drawn."""

from collections.abc import Iterable
from dataclasses import dataclass

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

    def overlap(self, other: "Box") -> float:
        """Return the common area."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)

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
        self._taken: list[Box] = []

    def block(self, box: Box) -> None:
        """Keep labels off `box`."""
        self._taken.append(box)

    def place(self, text: str, font_size: float, centres: Iterable[Point]) -> Point:
        """Return the centre, out of `centres` in order of liking, where `text` covers least."""
        half = (text_width(text, font_size) / 2 + 3, font_size * 0.62)
        boxes = [_around(centre, half) for centre in centres]
        best = min(boxes, key=self._cost)
        self.block(best)
        return (best.left + best.right) / 2, (best.top + best.bottom) / 2

    def _cost(self, box: Box) -> float:
        outside = 0.0 if box.inside(self._frame) else 1e6
        return outside + sum(box.overlap(taken) for taken in self._taken)


def _around(centre: Point, half: Point) -> Box:
    (x, y), (half_width, half_height) = centre, half
    return Box(x - half_width, y - half_height, x + half_width, y + half_height)
