"""A run's results as aligned text; nothing is cut, however narrow the terminal."""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from twin_pipeline.digits import sigma
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.model import Pipe, Quality

NO_VALUE = "-"
_HEAD = (
    "pipe",
    "role",
    "nominal",
    "outer diameter (mm)",
    "cover min/mean/max (m)",
    "length (m)",
    "quality",
)


def pipe_table(results: Sequence[SiteResult]) -> str:
    """Return one line a pipe, under a head, and what limits those that are not good.

    Where there are several sites, each line begins with its own.
    """
    rows = [
        (result.survey.site, *_cells(pipe)) for result in results for pipe in result.survey.pipes
    ]
    if not rows:
        return "no pipe was found"
    table = [("site", *_HEAD), *rows]
    several = len(results) > 1
    lines = [aligned(row if several else row[1:] for row in table)]
    for result in results:
        of_site = f"{result.survey.site} " if several else ""
        lines += [
            f"{of_site}{pipe.pipe_id} is {pipe.quality.value}: {pipe.quality_reason}"
            for pipe in result.survey.pipes
            if pipe.quality is not Quality.GOOD
        ]
    return "\n".join(lines)


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as lines with the columns below each other."""
    table = list(rows)
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    return "\n".join(_line(row, widths) for row in table)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    # Wide characters, such as those of Japanese names, take two cells each.
    padded = (
        cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def _cells(pipe: Pipe) -> Iterator[str]:
    yield pipe.pipe_id
    yield pipe.role.value
    yield _nominal(pipe)
    yield f"{pipe.outer_diameter_m * 1000:.1f} ± {sigma(1000 * pipe.outer_diameter_std_m, 1)}"
    yield " / ".join(map(_metres, (pipe.cover_min_m, pipe.cover_mean_m, pipe.cover_max_m)))
    yield _metres(pipe.length_m)
    yield pipe.quality.value


def _nominal(pipe: Pipe) -> str:
    material = pipe.material or ""
    size = "undecided" if pipe.nominal_diameter_mm is None else str(pipe.nominal_diameter_mm)
    return f"{material} {size}".strip()


def _metres(value_m: float | None) -> str:
    return NO_VALUE if value_m is None else f"{value_m:.3f}"
