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


TUBE_PX = 2.0
"""A pipe that is narrower than so many pixels is no tube but a line."""

LINE_PX = 2.5
"""A pipe that may become narrower than so many pixels has a line in it, which leaves no gaps."""

SOCKET_PX = 2.0
"""A socket is drawn where it stands out by so many pixels."""

FEWEST_SIDES, MOST_SIDES = 6, 48
FINEST_M = 0.0005
"""How far the centreline of the finest tube may be from the measured one."""


@dataclass(frozen=True, slots=True)
class Sight:
    """From how near and how far something is seen, as metres to a pixel."""

    nearest_m: float
    """0 where it is seen from any nearness."""
    farthest_m: float
    """Infinite where it is seen from any distance."""

    @property
    def tolerance_m(self) -> float:
        """How far the drawn surface may be from the finest one: half a pixel."""
        return max(FINEST_M, self.nearest_m / 2)

    def shows_tube(self, radius_m: float) -> bool:
        """Whether a pipe is wide enough for its surface to be seen from nearby."""
        return 2 * radius_m >= TUBE_PX * self.nearest_m

    def needs_line(self, radius_m: float) -> bool:
        """Whether a pipe is so narrow that from afar its surface would be dots."""
        return not self.shows_tube(radius_m) or 2 * radius_m < LINE_PX * self.farthest_m

    def sides(self, radius_m: float) -> int:
        """Return how many corners a ring needs."""
        if self.nearest_m == 0.0:
            return MOST_SIDES
        share = min(self.tolerance_m / radius_m, 0.5)
        return int(np.clip(np.ceil(np.pi / np.arccos(1 - share)), FEWEST_SIDES, MOST_SIDES))


FINE = Sight(0.0, np.inf)
"""The barrel's chords are at most 0.2 % of the radius inside it."""


def solid(pipe: Pipe, sight: Sight, catalogue: Catalogue) -> list[Mesh]:
    """Return a pipe as a closed mesh, as a line, or both, scan frame."""
    radius_m = pipe.outer_diameter_m / 2
    corners = polyline.corners(pipe.centreline, sight.tolerance_m)
    axis = pipe.centreline[corners]
    drawn = [line(axis)] if sight.needs_line(radius_m) else []
    if not sight.shows_tube(radius_m):
        return drawn
    socket_m = socket_radius_m(pipe, catalogue)
    radii: float | FloatArray = radius_m
    if socket_m - radius_m > SOCKET_PX * sight.nearest_m:
        joints = [f.chainage_m for f in pipe.fittings if f.kind is FittingKind.JOINT]
        # Along the simplified line, which is shorter, joints behind a bend would be off.
        chainage_m = polyline.chainage(pipe.centreline)[corners]
        axis, radii = _with_sockets(axis, chainage_m, radius_m, np.array(joints), socket_m)
    return [tube(axis, radii, sides=sight.sides(radius_m)), *drawn]


def shell(pipe: Pipe, sight: Sight = FINE) -> list[Mesh]:
    """Return a closed mesh that holds the pipe's surface with its uncertainty, scan frame.

    From where the pipe is too narrow to be seen, a line shows where the shell is.
    """
    half_m = pipe.outer_diameter_std_m / 2
    across = np.hypot(pipe.position_std_h_m, half_m)
    upward = np.hypot(pipe.position_std_v_m, half_m)
    spread = SIGMAS * np.array([across, across, upward])
    radius_m = pipe.outer_diameter_m / 2
    axis = polyline.simplified(pipe.centreline, sight.tolerance_m)
    if not sight.shows_tube(radius_m):
        return [line(axis)]
    return [tube(axis, radius_m, sides=sight.sides(radius_m), spread_m=spread)]


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
    line: FloatArray,
    chainage_m: FloatArray,
    radius_m: float,
    joints_m: FloatArray,
    socket_m: float,
) -> tuple[FloatArray, FloatArray]:
    """Return a centreline with vertices where the radius changes, and the radius at each."""
    half = SOCKET_SHARE * socket_m
    corners = np.array([-half - TAPER_M, -half, half, half + TAPER_M])
    changes = np.clip((joints_m[:, None] + corners).ravel(), 0.0, chainage_m[-1])
    places = np.unique(np.concatenate((chainage_m, changes)).round(6))
    vertices = np.column_stack([np.interp(places, chainage_m, values) for values in line.T])
    shape = np.zeros(len(places))
    for joint in joints_m:
        away = np.abs(places - joint)
        shape = np.maximum(shape, np.clip((half + TAPER_M - away) / TAPER_M, 0.0, 1.0))
    return vertices, radius_m + (socket_m - radius_m) * shape
