"""Just enough SVG: every text is escaped and every number has two decimals."""

from collections.abc import Iterable
from html import escape

from markupsafe import Markup

Point = tuple[float, float]


class Drawing:
    """Collects SVG elements; coordinates are in the viewBox, x to the right and y downwards.

    Looks come from the page's style sheet through `css` class names.
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        self.width = width
        self.height = height
        self._title = title
        self._elements: list[str] = []

    def line(self, start: Point, end: Point, css: str) -> None:
        """Draw a straight line."""
        self.polyline((start, end), css)

    def polyline(self, points: Iterable[Point], css: str, width: float | None = None) -> None:
        """Draw a line through `points`, `width` wide where the class says nothing."""
        style = "" if width is None else f' style="stroke-width:{_number(width)}"'
        self._add(f'<polyline class="{escape(css)}"{style} points="{_points(points)}"/>')

    def polygon(self, points: Iterable[Point], css: str) -> None:
        """Draw a closed area."""
        self._add(f'<polygon class="{escape(css)}" points="{_points(points)}"/>')

    def circle(self, centre: Point, radius: float, css: str) -> None:
        """Draw a circle."""
        x, y = centre
        self._add(
            f'<circle class="{escape(css)}" cx="{_number(x)}" cy="{_number(y)}"'
            f' r="{_number(radius)}"/>'
        )

    def rectangle(self, corner: Point, width: float, height: float, css: str) -> None:
        """Draw a rectangle from its upper left corner."""
        x, y = corner
        self._add(
            f'<rect class="{escape(css)}" x="{_number(x)}" y="{_number(y)}"'
            f' width="{_number(width)}" height="{_number(height)}"/>'
        )

    def dots(self, points: Iterable[Point], css: str, width: float | None = None) -> None:
        """Draw many points as one element; the class gives a stroke with caps."""
        self.strokes(([point] for point in points), css, width)

    def strokes(
        self, lines: Iterable[Iterable[Point]], css: str, width: float | None = None
    ) -> None:
        """Draw many short lines as one element, to a tenth of a unit; a single point is a dot."""
        path = "".join(map(_subpath, lines))
        style = "" if width is None else f' style="stroke-width:{_number(width)}"'
        if path:
            self._add(f'<path class="{escape(css)}"{style} d="{path}"/>')

    def text(self, at: Point, text: str, css: str, turn_deg: float = 0.0) -> None:
        """Write `text` at its base line's anchor, turned clockwise."""
        x, y = _number(at[0]), _number(at[1])
        turn = f' transform="rotate({_number(turn_deg)} {x} {y})"' if turn_deg else ""
        self._add(f'<text class="{escape(css)}" x="{x}" y="{y}"{turn}>{escape(text)}</text>')

    def document(self, style_sheet: str) -> str:
        """Return the drawing as a file of its own, with its looks and a white ground."""
        head, body = self.markup().split("\n", 1)
        ground = (
            f'<rect width="{_number(self.width)}" height="{_number(self.height)}" fill="#fff"/>'
        )
        return f"{head}\n<style>\n{style_sheet}</style>\n{ground}\n{body}\n"

    def markup(self) -> Markup:
        """Return the drawing as an inline `<svg>` element."""
        title = escape(self._title)
        view_box = f"0 0 {_number(self.width)} {_number(self.height)}"
        body = "\n".join(self._elements)
        # Every text went through escape() on its way in.
        return Markup(  # noqa: S704
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view_box}" role="img"'
            f' aria-label="{title}"><title>{title}</title>\n{body}\n</svg>'
        )

    def _add(self, element: str) -> None:
        self._elements.append(element)


def _number(value: float) -> str:
    return f"{value:z.2f}".rstrip("0").rstrip(".")


def _subpath(line: Iterable[Point]) -> str:
    corners = [f"{x:z.1f} {y:z.1f}".replace(".0", "") for x, y in line]
    return f"M{corners[0]}h0" if len(corners) == 1 else "M" + "L".join(corners)


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
