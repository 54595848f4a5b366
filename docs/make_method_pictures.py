"""`make pictures`: draws the pictures of docs/method.md from a synthetic scan, always the same."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import load_config
from twin_pipeline.extraction import extract
from twin_pipeline.geometry import polyline
from twin_pipeline.model import PointCloud
from twin_pipeline.pictures import Record, plans
from twin_pipeline.pictures.lengthwise import draw_lengthwise
from twin_pipeline.pictures.paper import style_sheet
from twin_pipeline.pictures.record import Try
from twin_pipeline.pictures.sections import draw_sections
from twin_pipeline.pictures.subject import Subject, of_pipe, of_rejected
from twin_pipeline.report.svg import Drawing
from twin_pipeline.synthetic import presets, scan
from twin_pipeline.synthetic.bodies import Cable, Plank, Stone, Strut
from twin_pipeline.synthetic.scene import Scene

PLACE = Path(__file__).parent / "images" / "method"
CONFIG = Path(__file__).parents[1] / "configs" / "tokyo.toml"


def scene() -> Scene:
    """Return a main with sockets, a bend, bedding to half its height and a mound, and clutter."""
    hose = ((0.5, 0.3, -0.5), (2.5, 0.25, -1.0), (4.5, 0.35, -0.9), (6.0, 0.3, -0.3))
    bodies = (
        Strut(chainage_m=1.2),
        Strut(chainage_m=6.6),
        Cable(places=hose),
        Stone(place=(5.4, -0.3, -1.2), radii_m=(0.15, 0.1, 0.1)),
        Plank(chainage_m=7.4),
    )
    return presets.trench(
        "DIP", 150, length_m=8.0, bends=((5.0, 22.5),), mounds=((2.8, 0.7),), bedding=0.5,
        bodies=bodies, points=350_000, seed=20,
    )  # fmt: skip


def main() -> None:
    """Draw the pictures and put each in its place."""
    PLACE.mkdir(parents=True, exist_ok=True)
    for name, drawing in _drawings(_record()):
        part = PLACE / f"{name}.part"
        part.write_text(drawing.document(style_sheet()), encoding="utf-8")
        part.replace(PLACE / f"{name}.svg")


def _record() -> Record:
    xyz = scan(scene()).xyz
    origin = np.round(np.median(xyz, axis=0))
    config = load_config(CONFIG, environment={})
    nominal = config.nominal.model_copy(update={"material": "DIP"})
    config = config.model_copy(update={"nominal": nominal})
    record = Record(origin, config.measure, config.trace.min_strength_rad)
    cloud = PointCloud(xyz - origin, origin)
    extract(cloud, config, load_catalogue(), lambda _: nullcontext(), record)
    return record


def _drawings(record: Record) -> Iterator[tuple[str, Drawing]]:
    yield "ground", plans.draw_ground(record)
    yield "seeds", plans.draw_seeds(record)
    yield "runs", plans.draw_runs(record)
    yield "pipes", plans.draw_tubes(record)
    pipe = of_pipe(record, *record.pipes[0])
    yield "sections", draw_sections(_known(pipe), record.place.pyramid)
    yield "lengthwise", draw_lengthwise(_known(pipe), record)
    rejected = max((one for one in record.tries if one.against is not None), key=_length_m)
    yield "rejected", draw_sections(_known(of_rejected(record, rejected)), record.place.pyramid)


def _length_m(one: Try) -> float:
    return polyline.length(one.run.axis)


def _known(subject: Subject | None) -> Subject:
    if subject is None:
        raise RuntimeError("the scene does not show what is to be drawn; change it")
    return subject


if __name__ == "__main__":
    main()
