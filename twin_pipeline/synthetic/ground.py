"""The ground as the kernel reads it: pavement with heaps, trench walls, floor with bedding."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from twin_pipeline.kernels.raycast import Terrain
from twin_pipeline.model import BoolArray, FloatArray
from twin_pipeline.synthetic.axis import KERB_WIDTH_M, TrenchAxis, pavement_z
from twin_pipeline.synthetic.pipes import LaidPipe
from twin_pipeline.synthetic.scene import Pavement, Scene, SpoilHeap
from twin_pipeline.synthetic.solids import box
from twin_pipeline.synthetic.texture import TILE_SIZE, rough_tile, steepest, tile_at

CELL_M = 0.02
TILE_PERIOD_M = 2.56
HIDING_M = 0.05
"""How far a mound reaches over the crown, so that its roughness doesn't bare the pipe."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Terrain for the kernel, and what its grids are made of."""

    terrain: Terrain
    heap: FloatArray
    """Height of the spoil heaps on the upper grid."""
    sand: FloatArray
    """Height of bedding and mounds over the bare floor on the lower grid."""


def build_ground(
    scene: Scene,
    axes: Sequence[TrenchAxis],
    pipes: Sequence[LaidPipe],
    rng: np.random.Generator,
) -> Ground:
    """Build the grids and tables of a scene's ground."""
    tile = rough_tile(rng, 6, 70)
    upper_frame, upper_x, upper_y = _grid(axes, scene.pavement.margin_m + 1.0)
    heap = _heaps(scene.heaps, axes[0], upper_x, upper_y, tile)
    upper = heap + scene.pavement.roughness_m * _rough(tile, 0.31 * upper_x, 0.31 * upper_y)
    upper = upper + _footway(scene.pavement, upper_y)
    lower_frame, lower_x, lower_y = _grid(axes, 0.3)
    bare = _floor(axes, lower_x, lower_y, tile)
    lower = _bedded(bare, pipes, lower_x, lower_y, tile)
    plane = (0.0, scene.pavement.grade, scene.pavement.crossfall)
    tilt = float(np.hypot(plane[1], plane[2]))
    factors = [_factor(tilt + steepest(upper, CELL_M)), _factor(steepest(lower, CELL_M))]
    trenches, elements = _tables(axes, tile)
    terrain = Terrain(
        np.array([*plane, *factors, TILE_PERIOD_M, upper.max(), lower.max(), _factor(tilt)]),
        upper,
        upper_frame,
        lower,
        lower_frame,
        trenches,
        elements,
        tile,
    )
    return Ground(terrain, heap, lower - bare)


def grid_at(grid: FloatArray, frame: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Value of the nearest node of a grid at plan points."""
    i = np.clip(np.rint((x - frame[0]) / frame[2]).astype(int), 0, grid.shape[0] - 1)
    j = np.clip(np.rint((y - frame[1]) / frame[2]).astype(int), 0, grid.shape[1] - 1)
    return np.asarray(grid[i, j])


def kerb_rows(pavement: Pavement, axes: Sequence[TrenchAxis]) -> list[FloatArray]:
    """Body of the kerb stone, from end to end of the pavement."""
    if pavement.kerb_y_m is None:
        return []
    _, x, _ = _grid(axes, pavement.margin_m + 1.0)
    along = np.array([1.0, 0.0, pavement.grade])
    up = np.array([-pavement.grade, -pavement.crossfall, 1.0])
    along, up = along / np.linalg.norm(along), up / np.linalg.norm(up)
    side = np.sign(pavement.kerb_y_m)
    middle = np.array([x.mean(), pavement.kerb_y_m + side * 0.5 * KERB_WIDTH_M, 0.0])
    middle[2] = pavement.grade * middle[0] + pavement.crossfall * middle[1]
    size = (float(np.ptp(x)), KERB_WIDTH_M, 2 * pavement.kerb_height_m)
    return [box(middle, np.stack([along, np.cross(up, along), up]), size)]


def _factor(slope: float) -> float:
    return float(1 / np.hypot(1, slope))


def _grid(axes: Sequence[TrenchAxis], margin: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    corners = []
    for axis in axes:
        chainage = np.concatenate([[0.0, 0.0], axis.route.dense(0.1)])
        chainage[0], chainage[1] = -margin, axis.route.length_m + margin
        reach = axis.half_width_m(0.5) + margin
        for offset in (-reach, reach):
            corners += list(axis.plan(chainage, np.full(len(chainage), offset))[0])
    low, high = np.vstack(corners).min(axis=0), np.vstack(corners).max(axis=0)
    x = np.arange(low[0], high[0] + CELL_M, CELL_M)
    y = np.arange(low[1], high[1] + CELL_M, CELL_M)
    return np.array([low[0], low[1], CELL_M]), *np.meshgrid(x, y, indexing="ij")


def _rough(tile: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    return tile_at(tile, x / TILE_PERIOD_M, y / TILE_PERIOD_M)


def _heaps(
    heaps: Sequence[SpoilHeap], axis: TrenchAxis, x: FloatArray, y: FloatArray, tile: FloatArray
) -> FloatArray:
    height = np.zeros(x.shape)
    for heap in heaps:
        cx, cy, _ = axis.place(heap.chainage_m, heap.offset_m, 0.0)
        turn = axis.heading_rad(heap.chainage_m)
        along = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        across = (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
        out = np.hypot(2 * along / heap.length_m, 2 * across / heap.width_m)
        cone = heap.height_m * np.clip(1.15 - np.sqrt(out**2 + 0.0225), 0.0, None)
        lumps = 0.03 * _rough(tile, x, y) * np.clip(cone / 0.1, 0.0, 1.0)
        height = np.maximum(height, np.where(cone > 0, cone + lumps, 0.0))
    return height


def _footway(pavement: Pavement, y: FloatArray) -> FloatArray:
    if pavement.kerb_y_m is None:
        return np.zeros(y.shape)
    behind = np.sign(pavement.kerb_y_m) * (y - pavement.kerb_y_m) / KERB_WIDTH_M
    return np.asarray(pavement.kerb_height_m * np.clip(behind, 0.0, 1.0))


def _floor(
    axes: Sequence[TrenchAxis], x: FloatArray, y: FloatArray, tile: FloatArray
) -> FloatArray:
    """Floor of the nearest trench, the deeper one where two overlap."""
    nearest = np.full(x.size, np.inf)
    floor = np.zeros(x.size)
    for axis in axes:
        chainage, offset = axis.locate(x, y)
        beside = np.abs(offset) - axis.half_width_m(0.0)
        beyond = np.maximum(-chainage, chainage - axis.route.length_m)
        away = np.clip(np.maximum(beside, beyond), 0.0, None)
        z = axis.floor_z(np.clip(chainage, 0.0, axis.route.length_m))
        z = z + axis.trench.floor_roughness_m * _rough(tile, x.ravel(), y.ravel())
        better = (away < nearest) | ((away == nearest) & (z < floor))
        nearest[better], floor[better] = away[better], z[better]
    return floor.reshape(x.shape)


def _bedded(
    bare: FloatArray, pipes: Sequence[LaidPipe], x: FloatArray, y: FloatArray, tile: FloatArray
) -> FloatArray:
    floor = bare
    for k, pipe in enumerate(pipes):
        if pipe.spec.bedding == 0.0 and not pipe.spec.mounds:
            continue
        chainage = pipe.route.dense(CELL_M)
        line = pipe.route.at(chainage)[0]
        away, node = cKDTree(line[:, :2]).query(np.stack([x.ravel(), y.ravel()], axis=1))
        away, node = away.reshape(x.shape), node.reshape(x.shape)
        sand = _sand(pipe, line[node, 2], chainage[node], away)
        rough = pipe.spec.bedding_roughness_m * _rough(tile, x + 0.7 * (k + 1), y)
        floor = np.where(sand > bare, np.maximum(floor, sand + rough), floor)
    return floor


def _sand(
    pipe: LaidPipe, centre_z: FloatArray, chainage: FloatArray, away: FloatArray
) -> FloatArray:
    radius, spec = pipe.radius_m, pipe.spec
    level = np.full(away.shape, -np.inf)
    if spec.bedding > 0:
        level = centre_z + (2 * spec.bedding - 1) * radius
        level = level - 0.6 * np.clip(away - radius - 0.08, 0.0, None)
    for mound in spec.mounds:
        beyond = np.clip(np.abs(chainage - mound.chainage_m) - 0.5 * mound.length_m, 0.0, None)
        top = centre_z + radius + HIDING_M - 0.8 * beyond
        level = np.maximum(level, top - 0.7 * np.clip(away - radius - 0.06, 0.0, None))
    return level


def _tables(axes: Sequence[TrenchAxis], tile: FloatArray) -> tuple[FloatArray, FloatArray]:
    elements = np.vstack([axis.rows() for axis in axes])
    table = np.zeros((len(axes), 14))
    first = 0
    for k, (row, axis) in enumerate(zip(table, axes, strict=True)):
        trench, count = axis.trench, len(axis.route.pieces)
        piles = trench.pile_depth_m if trench.walls == "sheet_pile" else 0.0
        wavelength = 2 * trench.pile_width_m
        slope = trench.batter + 1.6 * np.pi * piles / wavelength
        slope += trench.wall_roughness_m * steepest(tile, TILE_PERIOD_M / TILE_SIZE)
        row[:4] = first, first + count, 0.0, axis.route.length_m
        row[4:7] = 0.5 * trench.width_m, trench.batter, axis.reference_z
        row[7:12] = trench.wall_roughness_m, piles, wavelength, _factor(slope), 0.13 * k
        reach = 0.5 * piles + trench.wall_roughness_m * float(np.abs(tile).max())
        row[12:14] = reach, _factor(trench.batter)
        first += count
    return table, elements


def near_trench(axes: Sequence[TrenchAxis], x: FloatArray, y: FloatArray, m: float) -> BoolArray:
    """Whether plan points lie within `m` metres of a trench's upper edge, (N,) bool."""
    near = np.zeros(len(x), dtype=bool)
    for axis in axes:
        chainage, offset = axis.locate(x, y)
        reach = axis.half_width_m(float(pavement_z(axis.pavement, np.zeros(1), np.zeros(1))[0]))
        inside = np.abs(offset) <= reach + m
        near |= inside & (chainage >= -m) & (chainage <= axis.route.length_m + m)
    return near
