"""A scene turned into what rays can hit, and what each thing is called."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np
import numpy.typing as npt

from twin_pipeline.catalogue import Catalogue
from twin_pipeline.kernels.raycast import FLOOR, MISS, PAVEMENT, WALL, trace
from twin_pipeline.model import FloatArray, Role
from twin_pipeline.synthetic.axis import TrenchAxis
from twin_pipeline.synthetic.furniture import body_rows
from twin_pipeline.synthetic.ground import Ground, build_ground, grid_at, kerb_rows
from twin_pipeline.synthetic.pipes import LaidPipe, lay_pipes, pipe_rows, saddle_rows
from twin_pipeline.synthetic.scene import Scene
from twin_pipeline.synthetic.solids import ROW, bounds
from twin_pipeline.synthetic.texture import TILE_SIZE, fold_tile, steepest
from twin_pipeline.synthetic.truth import ObjectId

Found = tuple[FloatArray, npt.NDArray[np.int32], FloatArray]

CHUNK = 65536
SPOIL_FROM_M = 0.01
SAND_FROM_M = 0.005


@dataclass(frozen=True, eq=False)
class Hits:
    """Where rays met a surface; one entry a ray."""

    range_m: FloatArray
    """(N,), infinity for a miss."""
    object_id: npt.NDArray[np.uint16]
    normal: FloatArray
    """(N, 3) site frame."""


@dataclass(frozen=True, eq=False)
class World:
    """All surfaces of a scene in the site frame."""

    axes: tuple[TrenchAxis, ...]
    pipes: tuple[LaidPipe, ...]
    ground: Ground
    solids: FloatArray
    boxes: FloatArray
    solid_ids: npt.NDArray[np.uint16]
    folds: FloatArray
    names: Mapping[int, str]
    """Of every object id that is not a pipe."""

    def trace(self, origins: FloatArray, directions: FloatArray, max_range_m: float) -> Hits:
        """First surfaces that rays meet; the same whatever the number of threads."""

        def part(start: int) -> Found:
            rays = slice(start, start + CHUNK)
            found: Found = trace(
                origins[rays],
                directions[rays],
                max_range_m,
                self.solids,
                self.boxes,
                self.folds,
                self.ground.terrain,
            )
            return found

        with ThreadPoolExecutor(cpu_count()) as threads:
            parts = list(threads.map(part, range(0, max(1, len(origins)), CHUNK)))
        ranges, codes, normals = (np.concatenate(p) for p in zip(*parts, strict=True))
        missed = codes == MISS
        points = origins + np.where(missed, 0.0, ranges)[:, None] * directions
        return Hits(ranges, self._identify(codes, points), normals)

    def _identify(self, codes: npt.NDArray[np.int32], points: FloatArray) -> npt.NDArray[np.uint16]:
        ids = np.full(len(codes), ObjectId.OUTLIER, dtype=np.uint16)
        solid = codes >= 0
        ids[solid] = self.solid_ids[codes[solid]]
        ids[codes == WALL] = ObjectId.WALL
        terrain = self.ground.terrain
        x, y = points[:, 0], points[:, 1]
        heap = grid_at(self.ground.heap, terrain.upper_frame, x, y) > SPOIL_FROM_M
        ids[codes == PAVEMENT] = np.where(heap, ObjectId.SPOIL, ObjectId.PAVEMENT)[
            codes == PAVEMENT
        ]
        sand = grid_at(self.ground.sand, terrain.lower_frame, x, y) > SAND_FROM_M
        ids[codes == FLOOR] = np.where(sand, ObjectId.SAND, ObjectId.FLOOR)[codes == FLOOR]
        return ids


def build_world(scene: Scene, catalogue: Catalogue) -> World:
    """Build all surfaces of a scene.

    Raises
    ------
    UsageError
        Where the scene can't be: bends that don't fit, sizes that are not catalogued.
    """
    rng = np.random.default_rng([scene.seed, 0])
    axes = tuple(TrenchAxis.of(trench, scene.pavement) for trench in scene.trenches)
    pipes = lay_pipes(scene, catalogue)
    ground = build_ground(scene, axes, pipes, rng)
    folds = fold_tile(rng)
    fold_slope = steepest(folds, 2 * np.pi / TILE_SIZE)
    named: list[tuple[int, list[FloatArray]]] = []
    names = {int(i): i.name.lower() for i in ObjectId if i < ObjectId.FIRST_PIPE}
    for k, pipe in enumerate(pipes):
        named.append((ObjectId.FIRST_PIPE + k, pipe_rows(pipe, fold_slope)))
        if pipe.spec.saddle and pipe.spec.role is Role.BRANCH:
            named.append((ObjectId.FIRST_SADDLE + k, saddle_rows(pipe, pipes)))
            names[ObjectId.FIRST_SADDLE + k] = "saddle"
    named.append((ObjectId.KERB, kerb_rows(scene.pavement, axes)))
    for k, body in enumerate(scene.bodies):
        named.append((ObjectId.FIRST_BODY + k, body_rows(body, axes[0])))
        names[ObjectId.FIRST_BODY + k] = body.kind
    rows = [row for _, group in named for row in group]
    solids = np.array(rows).reshape(-1, ROW)
    ids = np.array([i for i, group in named for _ in group], dtype=np.uint16)
    return World(axes, pipes, ground, solids, bounds(solids), ids, folds, names)
