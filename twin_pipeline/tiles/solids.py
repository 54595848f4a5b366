"""What a pipe looks like: a barrel with its sockets, in more or less detail, and its shell."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.catalogue import Catalogue
from twin_pipeline.geometry import polyline
from twin_pipeline.model import FittingKind, FloatArray, Pipe
from twin_pipeline.tiles.tube import Mesh, line, tube

SIGMAS = 2.0
"""The shell holds the pipe's surface with about 95 % probability in each direction."""

COLLAR = 1.08
"""Width over the barrel's of a joint whose socket the catalogue does not know: a mark, no size."""

SOCKET_SHARE, TAPER_M = 0.8, 0.02
"""Length of a socket over its outer diameter, and of its slopes; catalogues give no length."""


@dataclass(frozen=True, slots=True)
class Detail:
    """How finely pipes are drawn."""

    sides: int
    """Corners of a ring; 0 for a line, which from afar can be seen where a tube can't."""
    tolerance_m: float
    """How far the drawn centreline may be from the measured one."""
    sockets: bool

    def deviation_m(self, radius_m: float, socket_m: float) -> float:
        """Return how far the drawn surface is from the finest one."""
        chord = radius_m * (1 - np.cos(np.pi / self.sides)) if self.sides else radius_m
        return self.tolerance_m + float(chord) + (0.0 if self.sockets else socket_m)


FINE = Detail(sides=48, tolerance_m=0.0005, sockets=True)
"""The barrel's chords are at most 0.2 % of the radius inside it."""


_COARSER = (
    Detail(sides=10, tolerance_m=0.01, sockets=True),
    Detail(sides=6, tolerance_m=0.03, sockets=False),
)


def coarse(level: int) -> Detail:
    """Return the detail of tiles `level` steps above the finest, 1 or more."""
    if level <= len(_COARSER):
        return _COARSER[level - 1]
    return Detail(sides=0, tolerance_m=0.05 * 3.0 ** (level - len(_COARSER) - 1), sockets=False)


def solid(pipe: Pipe, detail: Detail, catalogue: Catalogue) -> Mesh:
    """Return a pipe as a closed mesh, or from afar as a line, scan frame."""
    radius_m = pipe.outer_diameter_m / 2
    axis = polyline.simplified(pipe.centreline, detail.tolerance_m)
    if not detail.sides:
        return line(axis)
    if not detail.sockets:
        return tube(axis, radius_m, sides=detail.sides)
    joints = [f.chainage_m for f in pipe.fittings if f.kind is FittingKind.JOINT]
    socket_m = socket_radius_m(pipe, catalogue)
    axis, radii = _with_sockets(axis, radius_m, np.array(joints), socket_m)
    return tube(axis, radii, sides=detail.sides)


def shell(pipe: Pipe, detail: Detail = FINE) -> Mesh:
    """Return a closed mesh that holds the pipe's surface with its uncertainty, scan frame.

    In less detail it only shows from afar where the shells are.
    """
    half_m = pipe.outer_diameter_std_m / 2
    across = np.hypot(pipe.position_std_h_m, half_m)
    upward = np.hypot(pipe.position_std_v_m, half_m)
    spread = SIGMAS * np.array([across, across, upward])
    axis = polyline.simplified(pipe.centreline, detail.tolerance_m)
    if not detail.sides:
        return line(axis)
    return tube(axis, pipe.outer_diameter_m / 2, sides=detail.sides, spread_m=spread)


def socket_radius_m(pipe: Pipe, catalogue: Catalogue) -> float:
    """Return the outer radius of a pipe's sockets, from the catalogue where it knows it."""
    sizes = catalogue.by_material.get(pipe.material or "", ())
    known = next(
        (
            size.socket_outer_diameter_m
            for size in sizes
            if size.nominal_diameter_mm == pipe.nominal_diameter_mm
        ),
        None,
    )
    barrel_m = pipe.outer_diameter_m / 2
    return COLLAR * barrel_m if known is None else max(known / 2, barrel_m)


def _with_sockets(
    line: FloatArray, radius_m: float, joints_m: FloatArray, socket_m: float
) -> tuple[FloatArray, FloatArray]:
    """Return a centreline with vertices where the radius changes, and the radius at each."""
    chainage = polyline.chainage(line)
    half = SOCKET_SHARE * socket_m
    corners = np.array([-half - TAPER_M, -half, half, half + TAPER_M])
    changes = np.clip((joints_m[:, None] + corners).ravel(), 0.0, chainage[-1])
    places = np.unique(np.concatenate((chainage, changes)).round(6))
    vertices = polyline.along(line, line, places)
    shape = np.zeros(len(places))
    for joint in joints_m:
        away = np.abs(places - joint)
        shape = np.maximum(shape, np.clip((half + TAPER_M - away) / TAPER_M, 0.0, 1.0))
    return vertices, radius_m + (socket_m - radius_m) * shape
