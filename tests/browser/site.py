"""A small finished output folder, made by hand: a trench with two pipes, as a run leaves it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from factories import EASTING_M, GROUND_Z_M, NORTHING_M, make_facts, make_pipe

from twin_pipeline.crs import CrsOptions, CrsRecord, Georeference, resolve
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.catalog import write_catalogs
from twin_pipeline.export.catalog_members import CatalogOptions
from twin_pipeline.export.geojson import write_geojson
from twin_pipeline.export.run_record import run_record, write_run_record
from twin_pipeline.export.viewer_data import write_viewer_data
from twin_pipeline.model import (
    Fitting,
    FittingKind,
    FloatArray,
    Pipe,
    PointChunk,
    PointLabel,
    Quality,
    Role,
    Survey,
)
from twin_pipeline.report.page import write_report
from twin_pipeline.tiles import (
    TilesOptions,
    write_pipe_tiles,
    write_point_tiles,
    write_root,
    write_uncertainty_tiles,
)

SITE = "西新宿 2丁目"
"""With a blank, and not ASCII: it is a folder's name and part of addresses."""
HOSTILE = "<img src=x onerror=document.body.dataset.hacked=1>"
"""What a page that takes text for HTML would run."""
ORIGIN = np.array([EASTING_M, NORTHING_M, GROUND_Z_M])
"""Finished ground at the middle of the trench, EPSG:6677 and T.P."""
ALONG = np.array([np.cos(0.4), np.sin(0.4)])
"""Direction of the trench in the plane: east, north."""
ACROSS = np.array([-ALONG[1], ALONG[0]])
HALF_LENGTH_M, HALF_WIDTH_M, DEPTH_M = 5.0, 0.5, 1.5


def place(along_m: FloatArray, across_m: FloatArray, up_m: FloatArray) -> FloatArray:
    """Return (N, 3) scan-frame points of coordinates along and across the trench."""
    plane = np.outer(along_m, ALONG) + np.outer(across_m, ACROSS)
    return np.column_stack((plane, up_m)) + ORIGIN


def write_site(out: Path) -> Survey:
    """Write tiles, pipes.geojson and run.json of the made site."""
    xyz, rgb, labels = _scan(np.random.default_rng(7))
    xyz = xyz.round(3)
    survey = _survey(labels)
    lower, upper = xyz.min(axis=0), xyz.max(axis=0)
    options = CrsOptions(crs="EPSG:6677", vertical="jgd2011", axis_order="en")
    georeference = resolve(CrsRecord(), options, lower, upper, "made by hand")
    _write_tiles(out / "tiles", survey, georeference, xyz, rgb)
    result = SiteResult(survey, georeference)
    write_geojson([result], out / "pipes.geojson")
    write_run_record(run_record([result], make_facts()), out / "run.json")
    write_viewer_data([result], out, (0.6, 1.2))
    _write_catalog(result, out)
    write_report([result], make_facts(), out / "report.html")
    return survey


def write_two_scans(out: Path) -> None:
    """Write two scans of one place: the open trench, blue pipe in it, and the green backfill."""
    rng = np.random.default_rng(11)
    along = rng.uniform(-HALF_LENGTH_M, HALF_LENGTH_M, 40_000)
    across = rng.uniform(-HALF_WIDTH_M, HALF_WIDTH_M, 40_000)
    filled = place(along, across, np.full(40_000, -0.3))
    clouds = {
        "after": (filled, np.tile((0.15, 0.62, 0.2), (40_000, 1)), np.zeros(40_000)),
        "before": _scan(rng),
    }
    results = []
    for site, (xyz, rgb, labels) in clouds.items():
        survey = replace(_survey(labels), site=site)
        if site == "after":
            survey = replace(survey, pipes=())
        lower, upper = xyz.min(axis=0), xyz.max(axis=0)
        options = CrsOptions(crs="EPSG:6677", vertical="jgd2011", axis_order="en")
        georeference = resolve(CrsRecord(), options, lower, upper, "made by hand")
        _write_tiles(out / "tiles", survey, georeference, xyz.round(3), rgb)
        results.append(SiteResult(survey, georeference))
    write_root(out / "tiles", list(clouds))
    write_viewer_data(results, out, (0.6, 1.2))
    write_catalogs(results, out, CatalogOptions())


def write_sites_apart(out: Path) -> None:
    """Write two scans without pipes, 20 km from each other."""
    results = []
    for site, east_m in (("東", 0.0), ("西", -20_000.0)):
        xyz = _pavement(np.random.default_rng(5), 20_000).round(3) + np.array([east_m, 0, 0])
        box = xyz.min(axis=0), xyz.max(axis=0)
        options = CrsOptions(crs="EPSG:6677", vertical="jgd2011", axis_order="en")
        georeference = resolve(CrsRecord(), options, *box, "made by hand")
        survey = Survey(site, (), np.zeros(len(xyz), np.uint16), (), None)
        _write_tiles(out / "tiles", survey, georeference, xyz, np.full_like(xyz, 0.5))
        results.append(SiteResult(survey, georeference, extent=np.stack(box)))
    write_root(out / "tiles", ["東", "西"])
    write_viewer_data(results, out, (0.6, 1.2))
    write_catalogs(results, out, CatalogOptions())


def _write_catalog(result: SiteResult, out: Path) -> None:
    """Write the run's catalogue with a layer that somebody has added, not yet opened."""
    path, *_ = write_catalogs([result], out, CatalogOptions())
    catalogue = json.loads(path.read_text("utf-8"))
    added = {"type": "geojson", "id": "mine", "name": "中心線", "url": "pipes.geojson"}
    catalogue["catalog"].append(added)
    path.write_text(json.dumps(catalogue), encoding="utf-8")


def _write_tiles(
    tiles: Path, survey: Survey, georeference: Georeference, xyz: FloatArray, rgb: FloatArray
) -> None:
    colours = np.round(rgb * 65535).astype(np.uint16)
    attributes = dict(zip(("red", "green", "blue"), colours.T, strict=True))
    write_point_tiles(
        [PointChunk(0, xyz, attributes)],
        bounds=(xyz.min(axis=0), xyz.max(axis=0)),
        scale_m=(0.001, 0.001, 0.001),
        labels=survey.point_labels,
        georeference=georeference,
        out=tiles / "points" / survey.site,
        options=TilesOptions(points_per_tile=20_000),
    )
    if survey.pipes:
        write_pipe_tiles(survey, georeference, tiles / "pipes" / survey.site)
        write_uncertainty_tiles(survey, georeference, tiles / "uncertainty" / survey.site)
    write_root(tiles, [survey.site])


def made_survey() -> Survey:
    """Return what the made site says of its pipes, without points."""
    return _survey(np.zeros(0))


def _survey(labels: FloatArray) -> Survey:
    main = make_pipe(
        "P<1>",
        *_line((-5.0, 0.05, -1.25), (5.0, 0.05, -1.28)),
        outer_diameter_m=0.1689,
        outer_diameter_std_m=0.0003,
        nominal_diameter_mm=150,
        cover_min_m=1.03949,
        cover_mean_m=1.1806,
        cover_max_m=1.1956,
        quality_reason=HOSTILE,
    )
    main = replace(main, fittings=_fittings(main))
    crossing = make_pipe(
        "P2",
        *_line((1.5, -0.4, -0.82), (1.5, 0.5, -0.80)),
        role=Role.CROSSING,
        material=None,
        outer_diameter_m=0.089,
        nominal_diameter_mm=None,
        nominal_probability=None,
        with_ground=False,
        quality=Quality.POOR,
    )
    ring = place(
        np.array([-5.0, 5, 5, -5, -5]), np.array([-0.5, -0.5, 0.5, 0.5, -0.5]), np.zeros(5)
    )
    return Survey(
        SITE,
        (main, crossing),
        labels.astype(np.uint16),
        (ring[:, :2],),
        float(ORIGIN[2]),
        pavement=_pavement(np.random.default_rng(8), 2_000),
    )


def _fittings(main: Pipe) -> tuple[Fitting, ...]:
    """Return those that a made pipe has, its joint as measured, and a tee."""
    joint = next(f for f in main.fittings if f.kind is FittingKind.JOINT)
    tee = place(np.array([3.0]), np.array([0.05]), np.array([-1.274]))[0].tolist()
    return (
        *(f for f in main.fittings if f is not joint),
        replace(joint, chainage_std_m=0.0062),
        Fitting(FittingKind.TEE, 8.0, tuple(tee), 88.4, branch_id="P2"),
    )


def _line(*ends: tuple[float, float, float]) -> list[tuple[float, ...]]:
    """Return points along and across the trench as `make_pipe` wants them."""
    return [tuple(end) for end in (place(*np.array(ends).T) - ORIGIN).tolist()]


def _scan(rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return points, colours 0 ... 1 and labels of pavement, trench and pipes."""
    parts = [
        (_pavement(rng, 90_000), (0.36, 0.37, 0.40), PointLabel.GROUND),
        (_floor(rng, 16_000), (0.47, 0.36, 0.25), PointLabel.TRENCH),
        (_walls(rng, 24_000), (0.42, 0.33, 0.24), PointLabel.TRENCH),
        (_barrel(rng, 20_000), (0.10, 0.34, 0.62), PointLabel.FIRST_PIPE),
    ]
    xyz = np.vstack([points for points, _, _ in parts])
    labels = np.concatenate([np.full(len(points), label) for points, _, label in parts])
    rgb = np.vstack([np.tile(colour, (len(points), 1)) for points, colour, _ in parts])
    shade = rng.normal(1.0, 0.12, (len(xyz), 1))
    return xyz + rng.normal(0, 0.002, xyz.shape), np.clip(rgb * shade, 0, 1), labels


def _pavement(rng: np.random.Generator, count: int) -> FloatArray:
    along, across = rng.uniform(-7, 7, count), rng.uniform(-3.5, 3.5, count)
    open_cut = (np.abs(along) < HALF_LENGTH_M) & (np.abs(across) < HALF_WIDTH_M)
    return place(along, across, 0.01 * np.sin(along))[~open_cut]


def _floor(rng: np.random.Generator, count: int) -> FloatArray:
    along = rng.uniform(-HALF_LENGTH_M, HALF_LENGTH_M, count)
    across = rng.uniform(-HALF_WIDTH_M, HALF_WIDTH_M, count)
    return place(along, across, np.full(count, -DEPTH_M))


def _walls(rng: np.random.Generator, count: int) -> FloatArray:
    along = rng.uniform(-HALF_LENGTH_M, HALF_LENGTH_M, count)
    across = np.where(rng.random(count) < 0.5, -HALF_WIDTH_M, HALF_WIDTH_M)
    return place(along, across, rng.uniform(-DEPTH_M, 0, count))


def _barrel(rng: np.random.Generator, count: int) -> FloatArray:
    along = rng.uniform(-HALF_LENGTH_M, HALF_LENGTH_M, count)
    turn = rng.uniform(0, np.pi, count)
    centre = -1.265 - 0.003 * along
    return place(along, 0.05 + 0.08445 * np.cos(turn), centre + 0.08445 * np.sin(turn))
