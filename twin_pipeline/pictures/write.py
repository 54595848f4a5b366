"""All pictures of a site, and the page that shows them in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from twin_pipeline.pictures import plans
from twin_pipeline.pictures.folder import INDEX, picture_folder
from twin_pipeline.pictures.lengthwise import draw_lengthwise
from twin_pipeline.pictures.paper import style_sheet
from twin_pipeline.pictures.record import Record, Try
from twin_pipeline.pictures.sections import draw_sections
from twin_pipeline.pictures.subject import Subject, of_left_out, of_pipe, of_rejected
from twin_pipeline.report.svg import Drawing

_MOST_REJECTED = 8

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{site}: how its pipes were found</title>
<style>
body {{ font: 14px/1.5 "Noto Sans", "DejaVu Sans", Arial, sans-serif; color: #17222d; margin: 0;
  background: #e9edf0; }}
main {{ max-width: 1080px; margin: 0 auto; padding: 24px 32px; background: #fff; }}
img {{ width: 100%; margin: 12px 0 24px; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border-bottom: 1px solid #e6eaee; padding: 3px 8px; text-align: left; }}
td.n, th.n {{ text-align: right; }}
tr.good td {{ color: #16774a; font-weight: 600; }}
</style>
</head>
<body><main>
<h1>{site}: how its pipes were found</h1>
{body}
</main></body>
</html>
"""


@dataclass(frozen=True, slots=True)
class _Picture:
    name: str
    title: str
    drawing: Drawing


def write_pictures(record: Record, site: str, folder: Path, *, overwrite: bool = False) -> None:
    """Write a picture a stage and a few a tube, as SVG, and a page that shows them.

    Raises
    ------
    OutputError
        When `folder` can't be written, or holds something already; then nothing is changed.
    """
    with picture_folder(folder, overwrite=overwrite) as staging:
        stages = list(_stages(record))
        tubes = list(_tubes(record))
        for picture in (*stages, *tubes):
            text = picture.drawing.document(style_sheet())
            (staging / f"{picture.name}.svg").write_text(text, encoding="utf-8")
        page = _page(site, stages, tubes, record)
        (staging / INDEX).write_text(page, encoding="utf-8", errors="replace")


def _stages(record: Record) -> Iterator[_Picture]:
    yield _Picture("1-ground", "Ground and excavation", plans.draw_ground(record))
    yield _Picture("2-seeds", "Seeds", plans.draw_seeds(record))
    yield _Picture("3-runs", "Runs", plans.draw_runs(record))
    yield _Picture("4-pipes", "Pipes", plans.draw_tubes(record))


def _tubes(record: Record) -> Iterator[_Picture]:
    for tube, pipe in record.pipes:
        yield from _of(of_pipe(record, tube, pipe), record)
    for number, (tube, reason) in enumerate(record.out, start=1):
        yield from _of(of_left_out(record, tube, reason, number), record)
    for one in _worth_a_look(record):
        yield from _of(of_rejected(record, one), record)


def _of(subject: Subject | None, record: Record) -> Iterator[_Picture]:
    if subject is None:
        return
    sections = draw_sections(subject, record.place.pyramid)
    yield _Picture(f"{subject.name}-sections", subject.heading, sections)
    if subject.tube is not None:
        lengthwise = draw_lengthwise(subject, record)
        yield _Picture(f"{subject.name}-lengthwise", subject.heading, lengthwise)


def _worth_a_look(record: Record) -> list[Try]:
    """Return the longest of the rejected runs, one a place."""
    rejected = [one for one in record.tries if one.against is not None]
    chosen: list[Try] = []
    for one in sorted(rejected, key=lambda one: -_seen_m(one)):
        middle = one.run.axis[len(one.run.axis) // 2]
        near = (
            np.linalg.norm(other.run.axis - middle, axis=1).min() < 2.0 * other.run.radius_m
            for other in chosen
        )
        if not any(near):
            chosen.append(one)
        if len(chosen) == _MOST_REJECTED:
            break
    return sorted(chosen, key=lambda one: one.number)


def _seen_m(one: Try) -> float:
    steps = np.linalg.norm(np.diff(one.run.axis, axis=0), axis=1).sum()
    return float(steps) * float(one.run.seen.mean())


def _page(site: str, stages: list[_Picture], tubes: list[_Picture], record: Record) -> str:
    parts = [_image(picture) for picture in stages[:3]]
    parts += [_runs_table(record), _image(stages[3])]
    parts += [_image(picture) for picture in tubes]
    return _PAGE.format(site=escape(site), body="\n".join(parts))


def _image(picture: _Picture) -> str:
    return f'<img src="{escape(picture.name)}.svg" alt="{escape(picture.title)}">'


def _runs_table(record: Record) -> str:
    rows = [_row(record, one) for one in record.tries if not (one.probe and one.against is None)]
    head = (
        '<tr><th class="n">run</th><th class="n">easting</th><th class="n">northing</th>'
        '<th class="n">elevation</th><th class="n">diameter mm</th><th class="n">length m</th>'
        "<th>outcome</th></tr>"
    )
    return f"<h2>Runs in the order they were measured</h2>\n<table>{head}\n{''.join(rows)}</table>"


def _row(record: Record, one: Try) -> str:
    line = one.run.axis if one.tube is None else one.tube.nodes
    radius = one.run.radius_m if one.tube is None else one.tube.radius_m
    x, y, z = line[len(line) // 2] + record.origin
    length = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
    look = " (first look)" if one.probe else ""
    outcome = "may be a pipe" if one.against is None else f"rejected{look}: {one.against}"
    css = "good" if one.against is None else "bad"
    figures = (f"{one.number}", f"{x:.2f}", f"{y:.2f}", f"{z:.2f}", f"{2000 * radius:.0f}",
               f"{length:.2f}")  # fmt: skip
    cells = "".join(f'<td class="n">{value}</td>' for value in figures)
    return f'<tr class="{css}">{cells}<td>{escape(outcome)}</td></tr>\n'
