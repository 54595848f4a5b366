"""What is true of a scene, without noise: pipes, cover, and what the scanner could see."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic.axis import pavement_z
from twin_pipeline.synthetic.frame import to_scan, to_site
from twin_pipeline.synthetic.pipes import LaidPipe
from twin_pipeline.synthetic.route import Arc
from twin_pipeline.synthetic.scene import Scene

CENTRELINE_STEP_M = 0.05
BIN_M = 0.1
SECTORS = 72
_LOOKED_RADII, _LOOK_RADII = 6.0, 0.005
"""How far beside a place the pipe may lie that is straight above it, and the steps between."""


class ObjectId(IntEnum):
    """What a point lies on; pipe i has FIRST_PIPE + i, and so on."""

    OUTLIER = 0
    PAVEMENT = 1
    WALL = 2
    FLOOR = 3
    SAND = 4
    SPOIL = 5
    KERB = 6
    FIRST_PIPE = 16
    FIRST_SADDLE = 500
    FIRST_BODY = 1000


@dataclass(frozen=True, slots=True)
class BendTruth:
    """A circular bend of a centreline."""

    chainage_m: float
    """Of its middle."""
    angle_deg: float
    radius_m: float


@dataclass(frozen=True, slots=True, eq=False)
class PipeTruth:
    """One pipe, exactly."""

    object_id: int
    role: str
    material: str | None
    nominal_diameter_mm: int | None
    outer_diameter_m: float
    chainage_m: FloatArray
    """(K,) along the centreline."""
    centreline: FloatArray
    """(K, 3) scan frame, metres."""
    crown_z_m: FloatArray
    """(K,) elevation of the barrel's top straight above the centreline."""
    ground_z_m: FloatArray
    """(K,) finished ground above the centreline."""
    joints_m: tuple[float, ...]
    """Chainages of the sockets' middles."""
    bends: tuple[BendTruth, ...]
    tees_m: tuple[float, ...]
    """Chainages where branches leave."""
    bin_points: FloatArray
    """(B,) points on the pipe in each 0.1 m of chainage."""
    bin_arc_deg: FloatArray
    """(B,) arc of the section that they cover, counted in sectors of 5 degrees."""

    @property
    def cover_m(self) -> FloatArray:
        """(K,) finished ground to crown."""
        return self.ground_z_m - self.crown_z_m

    @property
    def length_m(self) -> float:
        """Length of the centreline."""
        return float(self.chainage_m[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Everything that is known of a scene."""

    scene: Scene
    pipes: tuple[PipeTruth, ...]
    objects: Mapping[int, str]
    """Name of each object id that is not a pipe."""

    def ground_z(self, easting: FloatArray, northing: FloatArray) -> FloatArray:
        """Elevation of the finished ground, (N,), also where the trench is."""
        points = np.column_stack([easting, northing, np.zeros(len(easting))])
        site = to_site(self.scene, points)
        return self.scene.elevation_m + pavement_z(self.scene.pavement, site[:, 0], site[:, 1])


def pipe_truth(scene: Scene, index: int, pipe: LaidPipe, hits: FloatArray) -> PipeTruth:
    """Truth of one pipe.

    Parameters
    ----------
    hits
        (N, 3) points on it without noise, site frame.
    """
    chainage = pipe.route.dense(CENTRELINE_STEP_M)
    line, _ = pipe.route.at(chainage)
    ground = scene.elevation_m + pavement_z(scene.pavement, line[:, 0], line[:, 1])
    centreline = to_scan(scene, line)
    counts, arcs = _visibility(pipe, hits)
    return PipeTruth(
        object_id=ObjectId.FIRST_PIPE + index,
        role=pipe.spec.role.value,
        material=pipe.spec.material,
        nominal_diameter_mm=pipe.spec.nominal_mm,
        outer_diameter_m=2 * pipe.radius_m,
        chainage_m=chainage,
        centreline=centreline,
        crown_z_m=centreline[:, 2] + _crown_rise(pipe, chainage),
        ground_z_m=ground,
        joints_m=tuple(bell.middle_m for bell in pipe.bells),
        bends=_bends(pipe),
        tees_m=pipe.tees,
        bin_points=counts,
        bin_arc_deg=arcs,
    )


def _crown_rise(pipe: LaidPipe, chainage: FloatArray) -> FloatArray:
    """Return how far the highest place of the barrel straight above the axis is above it, (K,)."""
    beside = np.arange(-_LOOKED_RADII, _LOOKED_RADII, _LOOK_RADII) * pipe.radius_m
    line, _ = pipe.route.at(chainage)
    around, _ = pipe.route.at((chainage[:, None] + beside).ravel())
    off = around.reshape(len(chainage), len(beside), 3) - line[:, None]
    square = pipe.radius_m**2 - np.sum(off[..., :2] ** 2, axis=-1)
    top = np.where(square >= 0.0, off[..., 2] + np.sqrt(np.maximum(square, 0.0)), -np.inf)
    return np.asarray(top.max(axis=1))


def _bends(pipe: LaidPipe) -> tuple[BendTruth, ...]:
    return tuple(
        BendTruth(
            float(start + 0.5 * piece.length_m), math.degrees(piece.angle_rad), piece.radius_m
        )
        for start, piece in zip(pipe.route.starts, pipe.route.pieces, strict=True)
        if isinstance(piece, Arc)
    )


def _visibility(pipe: LaidPipe, hits: FloatArray) -> tuple[FloatArray, FloatArray]:
    bins = max(1, math.ceil(pipe.route.length_m / BIN_M))
    if len(hits) == 0:
        return np.zeros(bins), np.zeros(bins)
    chainage, _ = pipe.route.project(hits)
    foot, tangent = pipe.route.at(chainage)
    up = np.array([0.0, 0.0, 1.0]) - tangent[:, 2:] * tangent
    side = np.cross(tangent, up)
    out = hits - foot
    angle = np.arctan2(np.sum(out * side, axis=1), np.sum(out * up, axis=1))
    sector = np.floor((angle + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    k = np.minimum((chainage / BIN_M).astype(int), bins - 1)
    counts = np.zeros((bins, SECTORS))
    np.add.at(counts, (k, sector), 1)
    return counts.sum(axis=1), (counts > 0).sum(axis=1) * (360.0 / SECTORS)


def write_truth(truth: Truth, path: Path) -> None:
    """Write the truth as JSON, without labels of single points."""
    part = path.with_name(path.name + ".part")
    text = json.dumps(as_json(truth), ensure_ascii=False, indent=1)
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)


def as_json(truth: Truth) -> dict[str, Any]:
    """Truth as plain numbers and strings; metres rounded to 0.1 mm."""
    return {
        "scene": truth.scene.model_dump(mode="json"),
        "objects": {str(key): name for key, name in truth.objects.items()},
        "pipes": [_pipe_json(pipe) for pipe in truth.pipes],
    }


def _pipe_json(pipe: PipeTruth) -> dict[str, Any]:
    return {
        "object_id": pipe.object_id,
        "role": pipe.role,
        "material": pipe.material,
        "nominal_diameter_mm": pipe.nominal_diameter_mm,
        "outer_diameter_m": pipe.outer_diameter_m,
        "length_m": round(pipe.length_m, 4),
        "chainage_m": pipe.chainage_m.round(4).tolist(),
        "centreline": pipe.centreline.round(4).tolist(),
        "crown_z_m": pipe.crown_z_m.round(4).tolist(),
        "ground_z_m": pipe.ground_z_m.round(4).tolist(),
        "cover_m": pipe.cover_m.round(4).tolist(),
        "joints_m": [round(joint, 4) for joint in pipe.joints_m],
        "bends": [
            {
                "chainage_m": round(bend.chainage_m, 4),
                "angle_deg": round(bend.angle_deg, 4),
                "radius_m": round(bend.radius_m, 4),
            }
            for bend in pipe.bends
        ],
        "tees_m": [round(tee, 4) for tee in pipe.tees_m],
        "visibility": {
            "bin_m": BIN_M,
            "points": pipe.bin_points.astype(int).tolist(),
            "arc_deg": pipe.bin_arc_deg.tolist(),
        },
    }
