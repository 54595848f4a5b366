"""A city's pipes, made up: streets on a grid, bends at corners, a joint every few metres."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.made_pipes import georeference, pipe_with, stations_at
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.viewer_data import write_viewer_data
from twin_pipeline.geometry import polyline
from twin_pipeline.model import Fitting, FittingKind, FloatArray, Pipe, Survey
from twin_pipeline.tiles import write_pipe_tiles, write_root, write_uncertainty_tiles

SEED = 20260402
MIDDLE = np.array([-10_000.0, -37_000.0, 30.0])
"""Of the city: easting, northing, finished ground; metres, zone IX."""
BLOCK_M = 60.0
JOINT_EVERY_M = 5.0
BEFORE_BEND_M, BEND_RADIUS_M = 34.0, 0.6
STATION_EVERY_M = 1.0
SIZES = ((75, 0.093), (100, 0.118), (150, 0.169), (200, 0.220), (300, 0.3228), (500, 0.528))
"""Nominal (mm) and outer (m) diameters of ductile iron."""


def write_city(out: Path, pipes: int, sites: int = 1) -> float:
    """Write the tiles and viewer's data of so many pipes; returns their length in metres."""
    results = list(_results(pipes, sites))
    tiles = out / "tiles"
    for result in results:
        survey = result.survey
        write_pipe_tiles(survey, result.georeference, tiles / "pipes" / survey.site)
        write_uncertainty_tiles(survey, result.georeference, tiles / "uncertainty" / survey.site)
    write_root(tiles, [result.survey.site for result in results])
    write_viewer_data(results, out, (0.6, 1.2))
    return sum(pipe.length_m for result in results for pipe in result.survey.pipes)


def _results(pipes: int, sites: int) -> Iterator[SiteResult]:
    rng = np.random.default_rng(SEED)
    made = _pipes(pipes, rng)
    placed = georeference()
    for number, part in enumerate(np.array_split(np.arange(pipes), sites)):
        survey = Survey(
            f"city-{number:04d}", tuple(made[n] for n in part), np.empty(0, np.uint16), (), None
        )
        yield SiteResult(survey, placed)


def _pipes(count: int, rng: np.random.Generator) -> list[Pipe]:
    """Return pipes along the streets, street by street, so that neighbours lie side by side."""
    across = int(np.ceil(np.sqrt(count / 2)))
    corners = [(i, j, way) for i in range(across) for j in range(across) for way in (0, 1)]
    return [_pipe(n, across, corner, rng) for n, corner in enumerate(corners[:count])]


def _pipe(number: int, across: int, street: tuple[int, int, int], rng: np.random.Generator) -> Pipe:
    nominal_mm, outer_m = SIZES[rng.choice(len(SIZES), p=(0.2, 0.25, 0.25, 0.15, 0.1, 0.05))]
    i, j, way = street
    start = (np.array([i, j]) - across / 2) * BLOCK_M
    ahead, aside = np.eye(2)[way], np.eye(2)[1 - way]
    depth_m = -1.2 - 0.3 * rng.random() - outer_m / 2
    turn = rng.uniform(2.0, 6.0)
    corner = start + aside + BEFORE_BEND_M * ahead
    plan = np.array([start + aside, corner, corner + turn * aside])
    line = MIDDLE + _rounded(np.column_stack((plan, np.full(3, depth_m))))
    length_m = polyline.length(line)
    chainage_m = np.append(np.arange(0.0, length_m, STATION_EVERY_M), length_m)
    stations = stations_at(
        chainage_m,
        polyline.along(line, line, chainage_m),
        float(MIDDLE[2]),
        outer_m,
        0.004,
        np.ones(len(chainage_m), np.bool_),
    )
    bend_m = BEFORE_BEND_M - BEND_RADIUS_M * (1 - np.pi / 4)
    joints = np.arange(JOINT_EVERY_M, length_m - 1.0, JOINT_EVERY_M)
    fittings = [Fitting(FittingKind.JOINT, float(at), _at(line, at)) for at in joints]
    bend = Fitting(FittingKind.BEND, bend_m, _at(line, bend_m), 90.0, 90.0, BEND_RADIUS_M)
    pipe = pipe_with(f"P{number:05d}", line, stations, "DIP", nominal_mm)
    return replace(pipe, fittings=(*fittings, bend))


def _at(place: FloatArray, chainage_m: float) -> tuple[float, float, float]:
    east, north, up = polyline.along(place, place, np.array([chainage_m]))[0].tolist()
    return east, north, up


def _rounded(corner: FloatArray) -> FloatArray:
    """Return a corner (3, 3) at a right angle with an arc in it, a vertex every five degrees."""
    before, after = ((end - corner[1]) / np.linalg.norm(end - corner[1]) for end in corner[[0, 2]])
    angles = np.radians(np.arange(0, 91, 5))[:, None]
    arc = corner[1] + BEND_RADIUS_M * ((1 - np.sin(angles)) * before + (1 - np.cos(angles)) * after)
    return np.concatenate((corner[:1], arc, corner[2:]))
