"""Find the finished ground: the pavement beside the trench, and the trench itself."""

from dataclasses import replace

import numpy as np
import scipy
import shapely
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.geometry.level_pieces import CELL_M, FINE_M, paved
from twin_pipeline.geometry.paving import over_or_in, with_strips
from twin_pipeline.geometry.pyramid import Pyramid, VoxelLevel
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.model import BoolArray, FloatArray

_OUTLINE_CELL_M = 0.1
_COLUMN_M = 0.5
_MAX_STEP_M = 0.06
_MIN_TRENCH_M2 = 0.4
_RIM_M = 0.5
_MIN_RIM, _MIN_RIM_OF_WALLS = 0.4, 0.15
_WALL_REACH_M = 0.25
_WALL_TOP_M = 0.15
_MIN_WALLS = 0.7
_WALL_POINTS = 3
_FEW_SHARE = 0.03
"""Of the points of most voxels: fewer may be stray ones, that fill the air and the earth."""
_INSET_M = 0.15
_PIECES_PER_M = 12.0
_MIN_CORE = 0.28
_EDGE_M = 0.05
_MORE = 1.02
"""From this ratio of pieces on the trench is outlined again."""
_FEW_FINE = 1.0


class GroundOptions(BaseModel):
    """Options of the ground."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_slope_deg: float = Field(15.0, gt=0.0, lt=45.0, description="steepest pavement, degrees")
    min_area_m2: float = Field(
        0.75, gt=0.0, description="smallest connected piece of pavement, square metres"
    )
    min_trench_depth_m: float = Field(
        0.3, gt=0.0, description="shallowest excavation, metres below the pavement"
    )
    std_floor_m: float = Field(
        0.0002, ge=0.0, description="systematic part of the ground's standard deviation, metres"
    )


def find_ground(pyramid: Pyramid, options: GroundOptions) -> Ground | None:
    """Return the pavement around an excavation; None where there is no excavation in a pavement."""
    patches = _horizontal_patches(pyramid, options)
    if len(patches) == 0:
        return None
    lower = patches[:, :2].min(axis=0)
    elevation = _lowest_per_cell(patches, lower)
    pieces, count = _connected(elevation)
    pavement = _upper_pieces(elevation, pieces, count, options)
    pavement = paved(pyramid, elevation, pieces, pavement, lower, options.min_trench_depth_m)
    cell = ((patches[:, :2] - lower) / CELL_M).astype(int)
    level = elevation[cell[:, 0], cell[:, 1]]
    keep = pavement[cell[:, 0], cell[:, 1]] & (np.abs(patches[:, 2] - level) < _MAX_STEP_M)
    if not keep.any():
        return None
    ground = Ground(patches[keep], options.std_floor_m, ())
    holes = _holes(pyramid, ground, options)
    if not holes:
        return None
    free = ~over_or_in(patches, holes, ground)
    known = Ground(patches[keep & free], options.std_floor_m, ())
    ground = with_strips(known, patches[free])
    if len(ground.patches) > _MORE * len(known.patches):
        holes = _holes(pyramid, ground, options)
        found = ground.patches[~over_or_in(ground.patches, holes, ground)]
        ground = Ground(found, options.std_floor_m, ())
    outlines = _outlines(pyramid, ground, holes)
    return replace(ground, outlines=outlines) if outlines and len(ground.patches) else None


def _horizontal_patches(pyramid: Pyramid, options: GroundOptions) -> FloatArray:
    """Return mean points (G, 3) of flat, level pieces of about 0.25 m, or twice that in noise."""
    fine, coarse = (
        _level_pieces(pyramid.level_near(size_m), options) for size_m in (FINE_M, 2.0 * FINE_M)
    )
    # noise that hides how flat a pavement is leaves few of the fine pieces
    return coarse if len(fine) < _FEW_FINE * len(coarse) else fine


def _level_pieces(level: VoxelLevel, options: GroundOptions) -> FloatArray:
    surface = level.surface
    flat = np.abs(surface.normal[:, 2]) > np.cos(np.radians(options.max_slope_deg))
    flat &= (surface.thickness_m < 0.25 * surface.width_m) & (surface.count >= 8)
    return surface.centroid[flat]


def _lowest_per_cell(patches: FloatArray, lower: FloatArray) -> FloatArray:
    """Return a grid of the lowest level surface in each cell (nothing lies under a pavement)."""
    cell = ((patches[:, :2] - lower) / CELL_M).astype(int)
    grid = np.full(cell.max(axis=0) + 1, np.inf)
    np.minimum.at(grid, (cell[:, 0], cell[:, 1]), patches[:, 2])
    return np.where(np.isinf(grid), np.nan, grid)


def _connected(elevation: FloatArray) -> tuple[np.ndarray, int]:
    """Label cells that touch with a step of less than 6 cm; 0 is empty."""
    label = np.zeros(elevation.shape, int)
    count = 0
    rows, columns = elevation.shape
    for start in zip(*np.nonzero(~np.isnan(elevation)), strict=True):
        if label[start]:
            continue
        count += 1
        label[start] = count
        stack = [start]
        while stack:
            i, j = stack.pop()
            for a in range(max(i - 1, 0), min(i + 2, rows)):
                for b in range(max(j - 1, 0), min(j + 2, columns)):
                    if not label[a, b] and abs(elevation[a, b] - elevation[i, j]) < _MAX_STEP_M:
                        label[a, b] = count
                        stack.append((a, b))
    return label, count


def _upper_pieces(
    elevation: FloatArray, pieces: np.ndarray, count: int, options: GroundOptions
) -> BoolArray:
    """Return the cells of large pieces that no other large piece around lies above."""
    area = np.bincount(pieces.ravel(), minlength=count + 1) * CELL_M**2
    large = [k for k in range(1, count + 1) if area[k] >= options.min_area_m2]
    reach = scipy.ndimage.generate_binary_structure(2, 2)
    upper = np.zeros(elevation.shape, bool)
    for k in large:
        own = pieces == k
        around = scipy.ndimage.binary_dilation(own, reach, iterations=6) & ~own
        higher = False
        for other in np.unique(pieces[around]):
            if other in large and area[other] >= 0.3 * min(area[k], 10.0):
                there = around & (pieces == other)
                here = own & scipy.ndimage.binary_dilation(there, reach, iterations=6)
                step = float(np.median(elevation[there]) - np.median(elevation[here]))
                higher |= step > options.min_trench_depth_m
        if not higher:
            upper |= own
    return upper


def _outlines(
    pyramid: Pyramid, ground: Ground, holes: list[shapely.Polygon]
) -> tuple[FloatArray, ...]:
    """Return rings around the holes that a pavement has."""
    level = pyramid.level_near(FINE_M)
    rings = [np.asarray(hole.exterior.coords) for hole in holes]
    return tuple(
        ring
        for ring in rings
        if _rimmed(ring, ground, _MIN_RIM)
        or (
            _rimmed(ring, ground, _MIN_RIM_OF_WALLS) and _walls_end_at_pavement(ring, ground, level)
        )
    )


def _holes(pyramid: Pyramid, ground: Ground, options: GroundOptions) -> list[shapely.Polygon]:
    """Return the connected places that lie well below the pavement."""
    surface = pyramid.level_near(FINE_M).surface
    least = max(_WALL_POINTS, _FEW_SHARE * float(np.median(surface.count)))
    centroid = surface.centroid[surface.count >= least]
    corner = centroid[:, :2].min(axis=0)
    cell = np.floor((centroid[:, :2] - corner) / _COLUMN_M)
    columns, index = np.unique(cell, axis=0, return_inverse=True)
    elevation = ground.roughly_at(corner + (columns + 0.5) * _COLUMN_M)
    below = elevation[index] - centroid[:, 2] > options.min_trench_depth_m
    if not below.any():
        return []
    lower = centroid[below, :2].min(axis=0) - 3.0 * _OUTLINE_CELL_M
    cell = ((centroid[below, :2] - lower) / _OUTLINE_CELL_M).astype(int)
    mask = np.zeros(cell.max(axis=0) + 4, bool)
    mask[cell[:, 0], cell[:, 1]] = True
    mask = scipy.ndimage.binary_closing(mask, iterations=2)
    boxes = shapely.box(
        *(lower + np.argwhere(mask) * _OUTLINE_CELL_M).T,
        *(lower + (np.argwhere(mask) + 1) * _OUTLINE_CELL_M).T,
    )
    shape = shapely.coverage_union_all(boxes).simplify(0.5 * _OUTLINE_CELL_M)
    return [part for part in shapely.get_parts(shape) if _like_a_trench(part)]


def _like_a_trench(part: shapely.Polygon) -> bool:
    """Tell an excavation from the ragged floor that is seen between things in a room."""
    core = part.buffer(-_INSET_M).area
    return bool(part.area >= _MIN_TRENCH_M2 and core >= _MIN_CORE * part.area)


def _walls_end_at_pavement(ring: FloatArray, ground: Ground, level: VoxelLevel) -> bool:
    """Tell whether all around a ring what is highest is as high as the pavement would be there.

    So a trench is known of whose surroundings, seen from inside it, little was scanned.
    """
    rim = shapely.get_coordinates(shapely.segmentize(shapely.LineString(ring), 0.2))
    centroid = level.surface.centroid[level.surface.count >= _WALL_POINTS]
    near = scipy.spatial.cKDTree(centroid[:, :2]).query_ball_point(rim, _WALL_REACH_M)
    top = np.array([centroid[places, 2].max() if places else -np.inf for places in near])
    elevation, _ = ground.elevation_at(rim)
    return float(np.mean(np.abs(top - elevation) < _WALL_TOP_M)) >= _MIN_WALLS


def _rimmed(ring: FloatArray, ground: Ground, min_share: float) -> bool:
    """Tell a hole in a pavement from a floor that something stands above.

    Along a good part of the rim there must be level pieces in one surface with those around them.
    """
    line, places = shapely.LineString(ring), ground.patches[:, :2]
    around = shapely.Polygon(ring).buffer(_RIM_M)
    hole = shapely.Polygon(ring).buffer(_EDGE_M)
    beside = shapely.contains_xy(around, places[:, 0], places[:, 1])
    beside &= ~shapely.contains_xy(hole, places[:, 0], places[:, 1])
    pieces = ground.patches[beside]
    pieces = pieces[:: max(int(len(pieces) / (_PIECES_PER_M * line.length)), 1)]
    elevation = ground.roughly_at(pieces[:, :2])
    pieces = pieces[np.abs(elevation - pieces[:, 2]) < _MAX_STEP_M]
    if len(pieces) == 0:
        return False
    rim = shapely.get_coordinates(shapely.segmentize(line, 0.2))
    distance = shapely.distance(shapely.MultiPoint(pieces[:, :2]), shapely.points(rim))
    return float(np.mean(distance < _RIM_M)) >= min_share
