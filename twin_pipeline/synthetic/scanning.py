"""Scan a scene: points as a scanner would record them, and the truth behind them."""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from twin_pipeline.catalogue import Catalogue, load_catalogue
from twin_pipeline.errors import UsageError
from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic import appearance
from twin_pipeline.synthetic.axis import pavement_z
from twin_pipeline.synthetic.frame import to_scan
from twin_pipeline.synthetic.ground import near_trench
from twin_pipeline.synthetic.measure import Record, record, returned
from twin_pipeline.synthetic.rays import Rays, cast, default_passes
from twin_pipeline.synthetic.scanner import Pass
from twin_pipeline.synthetic.scene import Scene
from twin_pipeline.synthetic.truth import ObjectId, Truth, pipe_truth
from twin_pipeline.synthetic.world import Hits, World, build_world

TRIAL_RAYS = 6_000
SPARE = 1.05
DEFAULT_POINTS = 500_000
PASS_GAP_S = 30.0
START_GPS_S = 4.0e8
"""Adjusted standard GPS time of the first point."""


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """A synthetic scan; arrays have one entry a point, in the order of time."""

    xyz: FloatArray
    """(N, 3) float64, metres, scan frame."""
    rgb: npt.NDArray[np.uint16]
    """(N, 3) 16-bit."""
    intensity: npt.NDArray[np.uint16]
    gps_time: FloatArray
    object_id: npt.NDArray[np.uint16]
    """As `ObjectId`; points off every surface are outliers."""
    hit: FloatArray
    """(N, 3) true place on the surface that the ray met, scan frame."""
    truth: Truth


def scan(scene: Scene, catalogue: Catalogue | None = None) -> Scan:
    """Scan a scene.

    Raises
    ------
    UsageError
        Where the scene can't be, or its scanner sees nothing of it.
    """
    world = build_world(scene, catalogue or load_catalogue())
    passes = scene.scanner.passes or default_passes(world.axes[0])
    budget = _budget(scene, world, passes)
    records, start = [], START_GPS_S
    for k, walk in enumerate(passes):
        one = _walk(scene, world, walk, k, budget[k])
        records.append(replace(one, time_s=one.time_s + start))
        start = float(records[-1].time_s[-1]) + PASS_GAP_S
    together = _thin(_join(records), scene)
    return _finish(scene, world, together)


def _budget(scene: Scene, world: World, passes: tuple[Pass, ...]) -> list[int]:
    """Points that each pass has to record."""
    shares = np.array([walk.share for walk in passes])
    shares = shares / shares.sum()
    density = scene.scanner.density_per_m2
    if density is None:
        marks = np.rint(np.cumsum(shares) * (scene.scanner.points or DEFAULT_POINTS))
        return [int(n) for n in np.diff(marks, prepend=0.0)]
    area = sum(axis.route.length_m * 2 * axis.half_width_m(0.0) for axis in world.axes)
    wanted = []
    for k, walk in enumerate(passes):
        rays, hits = _shoot(scene, world, walk, k, TRIAL_RAYS)
        places = _places(rays, hits)
        inside = near_trench(world.axes, places[:, 0], places[:, 1], 0.0)
        wanted.append(shares[k] * density * area * len(inside) / max(1, int(inside.sum())))
    return [round(n) for n in wanted]


def _walk(scene: Scene, world: World, walk: Pass, index: int, wanted: int) -> Record:
    """Record one pass with exactly the wanted number of points."""
    emitted = TRIAL_RAYS
    rays, hits = _shoot(scene, world, walk, index, emitted)
    if len(rays.time_s) == 0:
        raise UsageError(f"scanner pass {index + 1} sees nothing of the site; move its stations")
    while len(rays.time_s) < wanted:
        emitted = int(SPARE * wanted * emitted / len(rays.time_s)) + 100
        rays, hits = _shoot(scene, world, walk, index, emitted)
    rng = np.random.default_rng([scene.seed, 2, index])
    kept = np.sort(rng.permutation(len(rays.time_s))[:wanted])
    rays = Rays(rays.origins[kept], rays.directions[kept], rays.time_s[kept])
    hits = Hits(hits.range_m[kept], hits.object_id[kept], hits.normal[kept])
    return record(world, rays, hits, walk, scene.scanner, rng)


def _shoot(scene: Scene, world: World, walk: Pass, index: int, emitted: int) -> tuple[Rays, Hits]:
    """Rays of one pass that come back from near a trench, and their hits."""
    rng = np.random.default_rng([scene.seed, 1, index])
    scanner = scene.scanner
    rays = cast(scanner, walk, world.axes[0], emitted, rng)
    hits = world.trace(rays.origins, rays.directions, scanner.max_range_m)
    kept = returned(rays, hits, scanner, rng)
    places = _places(rays, hits)
    kept &= near_trench(world.axes, places[:, 0], places[:, 1], scene.pavement.margin_m)
    return (
        Rays(rays.origins[kept], rays.directions[kept], rays.time_s[kept]),
        Hits(hits.range_m[kept], hits.object_id[kept], hits.normal[kept]),
    )


def _places(rays: Rays, hits: Hits) -> FloatArray:
    reach = np.where(np.isfinite(hits.range_m), hits.range_m, 0.0)
    return np.asarray(rays.origins + reach[:, None] * rays.directions)


def _join(records: list[Record]) -> Record:
    return Record(*(np.concatenate([getattr(r, f.name) for r in records]) for f in fields(Record)))


def _thin(joined: Record, scene: Scene) -> Record:
    """Keep the first point in each voxel."""
    voxel = scene.scanner.voxel_m
    if voxel == 0.0:
        return joined
    keys = np.floor(joined.points / voxel).astype(np.int64)
    kept = np.sort(np.unique(keys, axis=0, return_index=True)[1])
    return Record(*(getattr(joined, f.name)[kept] for f in fields(Record)))


def _finish(scene: Scene, world: World, points: Record) -> Scan:
    rng = np.random.default_rng([scene.seed, 3])
    colours = _colours(scene, world, points)
    ground = pavement_z(scene.pavement, points.hits[:, 0], points.hits[:, 1])
    depth = ground - points.hits[:, 2]
    rgb = appearance.shade(colours, points.hits, depth, world.ground.terrain.tile, rng)
    intensity = appearance.intensity(colours, points.cos_incidence, points.range_m, rng)
    pipes = tuple(
        pipe_truth(scene, k, pipe, points.hits[points.object_id == ObjectId.FIRST_PIPE + k])
        for k, pipe in enumerate(world.pipes)
    )
    return Scan(
        to_scan(scene, points.points),
        rgb,
        intensity,
        points.time_s,
        points.object_id,
        to_scan(scene, points.hits),
        Truth(scene, pipes, world.names),
    )


def _colours(scene: Scene, world: World, points: Record) -> FloatArray:
    """(N, 3) colours from 0 to 1 of the surfaces."""
    colours = np.empty((len(points.hits), 3))
    for object_id in np.unique(points.object_id):
        here = points.object_id == object_id
        k = int(object_id) - ObjectId.FIRST_PIPE
        if 0 <= k < len(world.pipes):
            colours[here] = appearance.pipe_colours(world.pipes[k], points.hits[here])
        else:
            colours[here] = appearance.surface_colour(int(object_id), world.names)
    wall = points.object_id == ObjectId.WALL
    height = points.hits[:, 2] - pavement_z(scene.pavement, points.hits[:, 0], points.hits[:, 1])
    if scene.trenches[0].walls == "sheet_pile":
        colours[wall] = appearance.STEEL_PILE
    colours[wall & (height > -appearance.ASPHALT_DEPTH_M)] = appearance.ASPHALT
    return colours
