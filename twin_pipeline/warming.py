"""Compiles the numeric kernels by running the method on a small made trench."""

from contextlib import nullcontext

import numpy as np

from twin_pipeline.bounds import bounds_of
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions, CrsRecord, resolve
from twin_pipeline.durable.scratch import scratch
from twin_pipeline.extraction import extract
from twin_pipeline.model import FloatArray, PointChunk, PointCloud, Survey
from twin_pipeline.tiles import write_pipe_tiles, write_point_tiles

_CONFIG = Config(crs=CrsOptions(crs="local", origin=(139.69, 35.69, 40.0)))


def warm() -> None:
    """Run all stages once; what they find does not matter."""
    xyz = made_trench()
    found = extract(
        PointCloud(xyz, np.zeros(3)), _CONFIG, load_catalogue(), lambda _: nullcontext()
    )
    survey = Survey("made", found.pipes, found.point_labels, trench=(), ground_z_m=0.0)
    place = resolve(CrsRecord(), _CONFIG.crs, *bounds_of(xyz), "made")
    with scratch() as folder:
        write_point_tiles(
            [_chunk(xyz)],
            bounds=bounds_of(xyz),
            scale_m=(0.001, 0.001, 0.001),
            labels=survey.point_labels,
            georeference=place,
            out=folder / "points",
            options=_CONFIG.tiles,
        )
        write_pipe_tiles(survey, place, folder / "pipes")


def _chunk(xyz: FloatArray) -> PointChunk:
    names = ("red", "green", "blue", "intensity")
    attributes = {name: np.full(len(xyz), 1000, np.uint16) for name in names}
    flags = {n: np.ones(len(xyz), np.uint8) for n in ("classification", "return_number")}
    return PointChunk(0, xyz, {**attributes, **flags, "gps_time": np.arange(len(xyz), dtype=float)})


def made_trench() -> FloatArray:
    """Return (N, 3) points, metres: pavement, walls, floor and the top of a pipe."""
    rng = np.random.default_rng(1)
    pavement = rng.uniform((0, -2, 0), (6, 2, 0), (60_000, 3))
    pavement = pavement[np.abs(pavement[:, 1]) > 0.5]
    walls = rng.uniform((0, -0.5, -1.4), (6, 0.5, 0), (20_000, 3))
    walls[:, 1] = np.where(walls[:, 1] > 0, 0.5, -0.5)
    floor = rng.uniform((0, -0.5, -1.4), (6, 0.5, -1.4), (20_000, 3))
    angle = rng.uniform(-0.2 * np.pi, 1.2 * np.pi, 40_000)
    along = rng.uniform(0, 6, 40_000)
    pipe = np.column_stack((along, 0.11 * np.cos(angle), -1.2 + 0.11 * np.sin(angle)))
    made = np.concatenate((pavement, walls, floor, pipe))
    return made + rng.normal(0.0, 0.002, made.shape)
