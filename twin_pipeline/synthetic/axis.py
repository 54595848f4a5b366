"""The axis of a trench in plan: trench coordinates to the site frame and back."""

import math
from dataclasses import dataclass

import numpy as np

from twin_pipeline.kernels.raycast import plan_positions
from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic.route import Line, Route, fillet
from twin_pipeline.synthetic.scene import Pavement, Trench

KERB_WIDTH_M = 0.15


def pavement_z(pavement: Pavement, x: FloatArray, y: FloatArray) -> FloatArray:
    """Elevation of the finished ground in the site frame, without its texture."""
    plane = pavement.grade * x + pavement.crossfall * y
    if pavement.kerb_y_m is None:
        return np.asarray(plane)
    side = math.copysign(1.0, pavement.kerb_y_m)
    return np.asarray(plane + pavement.kerb_height_m * (side * (y - pavement.kerb_y_m) >= 0))


@dataclass(frozen=True, eq=False)
class TrenchAxis:
    """A trench's axis over the pavement it was cut into."""

    trench: Trench
    pavement: Pavement
    route: Route
    """In the plane z = 0."""

    @classmethod
    def of(cls, trench: Trench, pavement: Pavement) -> "TrenchAxis":
        """Round the corners of the trench's vertices."""
        flat = [(x, y, 0.0) for x, y in trench.vertices]
        return cls(trench, pavement, fillet(flat, trench.bend_radius_m))

    def rows(self) -> FloatArray:
        """(E, 8) the pieces as the kernel reads them."""
        rows = np.zeros((len(self.route.pieces), 8))
        for row, start, piece in zip(rows, self.route.starts, self.route.pieces, strict=True):
            row[6:8] = piece.length_m, start
            if isinstance(piece, Line):
                row[1:5] = *piece.start[:2], *piece.direction[:2]
            else:
                left = math.copysign(1.0, float(piece.normal[2]))
                angle = math.atan2(piece.radial[1], piece.radial[0])
                row[:6] = 1.0, *piece.centre[:2], piece.radius_m, left, angle
        return rows

    def plan(self, chainage: FloatArray, offset: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return x, y and the heading (N, 2) of places beside the axis."""
        points, tangents = self.route.at(chainage)
        left = np.stack([-tangents[:, 1], tangents[:, 0]], axis=1)
        return points[:, :2] + offset[:, None] * left, tangents[:, :2]

    def place(self, chainage_m: float, offset_m: float, height_m: float) -> FloatArray:
        """(3,) site frame of a place in trench coordinates."""
        xy = self.plan(np.array([chainage_m]), np.array([offset_m]))[0]
        z = pavement_z(self.pavement, xy[:, 0], xy[:, 1]) + height_m
        return np.array([xy[0, 0], xy[0, 1], z[0]])

    def heading_rad(self, chainage_m: float) -> float:
        """Direction of the axis, counter-clockwise from +x."""
        tangent = self.route.at(np.array([chainage_m]))[1][0]
        return math.atan2(tangent[1], tangent[0])

    def locate(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Chainage and offset, each (N,), of plan points; the axis is prolonged at its ends."""
        found: tuple[FloatArray, FloatArray] = plan_positions(self.rows(), np.ravel(x), np.ravel(y))
        return found

    def depth_m(self, chainage: FloatArray) -> FloatArray:
        """Pavement to floor at chainages."""
        if isinstance(self.trench.depth_m, float | int):
            return np.full(np.shape(chainage), float(self.trench.depth_m))
        profile = np.asarray(self.trench.depth_m)
        return np.asarray(np.interp(chainage, profile[:, 0], profile[:, 1]))

    def floor_z(self, chainage: FloatArray) -> FloatArray:
        """Elevation of the floor at chainages: level across the trench."""
        points = self.route.at(np.ravel(chainage))[0]
        z = pavement_z(self.pavement, points[:, 0], points[:, 1])
        return np.asarray(z - self.depth_m(np.ravel(chainage)))

    @property
    def reference_z(self) -> float:
        """Elevation at which the trench has its stated width: the floor at mid-length."""
        return float(self.floor_z(np.array([0.5 * self.route.length_m]))[0])

    def half_width_m(self, z: float) -> float:
        """From the axis to the wall, without roughness, at an elevation."""
        return 0.5 * self.trench.width_m + self.trench.batter * (z - self.reference_z)
