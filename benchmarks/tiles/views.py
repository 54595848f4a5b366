"""Which tiles a viewer draws from a distance: CesiumJS's rule, without the viewer."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
WIDTH_PX, HEIGHT_PX = 1920, 1080
FIELD_OF_VIEW = np.deg2rad(60)
"""Along the longer side, as CesiumJS has it."""
DENOMINATOR = 2 * np.tan(FIELD_OF_VIEW / 2) * HEIGHT_PX / WIDTH_PX
MOST_ERROR_PX = 16.0
DOWN = np.deg2rad(45)
"""How steeply the camera looks down on the middle of the site."""


@dataclass
class Node:
    """A tile, in the frame of the site's tileset."""

    centre: Floats
    axes: Floats
    """(3, 3) half of the box's sides, a row each."""
    error: float
    points: int
    below: list["Node"] = field(default_factory=list)


@dataclass(frozen=True)
class View:
    """What is drawn."""

    distance_m: float
    tiles: int
    points: int
    apart_px: float
    """Square root of the pixels that the site covers, for each point."""


def tree_of(tileset: Path) -> tuple[float, Node]:
    """Return a tileset's own error and its tiles; external tilesets are followed."""
    document = json.loads(tileset.read_text("utf-8"))
    root = document["root"] | {"transform": np.eye(4).ravel().tolist()}  # the place on the earth
    return document["geometricError"], _node(tileset, root, np.eye(4))


def _node(tileset: Path, tile: dict[str, Any], matrix: Floats) -> Node:
    matrix = matrix @ np.reshape(tile.get("transform", np.eye(4).ravel()), (4, 4)).T
    path = tileset.parent / tile["content"]["uri"]
    if path.suffix == ".json":
        return _node(path, json.loads(path.read_text("utf-8"))["root"], matrix)
    box = np.reshape(tile["boundingVolume"]["box"], (4, 3))
    below = [_node(tileset, child, matrix) for child in tile.get("children", [])]
    turn = matrix[:3, :3].T
    centre = box[0] @ turn + matrix[:3, 3]
    return Node(centre, box[1:] @ turn, tile["geometricError"], _points(path), below)


def _points(path: Path) -> int:
    data = path.read_bytes()
    document = json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])
    accessor = document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
    return int(document["accessors"][accessor]["count"])


@dataclass(frozen=True)
class _Camera:
    place: Floats
    ahead: Floats

    def distance(self, node: Node) -> float:
        """Return how far the nearest point of a tile's box is."""
        away = self.place - node.centre
        half = np.linalg.norm(node.axes, axis=1)
        along = (node.axes / half[:, None]) @ away
        return float(np.linalg.norm(np.maximum(np.abs(along) - half, 0.0)))

    def sees(self, node: Node) -> bool:
        """Whether the sphere around a tile's box reaches into the pyramid of sight."""
        away, radius = node.centre - self.place, float(np.linalg.norm(node.axes))
        aside = np.cross(self.ahead, (0.0, 0.0, 1.0))
        aside /= np.linalg.norm(aside)
        for axis, size in ((aside, WIDTH_PX), (np.cross(aside, self.ahead), HEIGHT_PX)):
            half = np.arctan(np.tan(FIELD_OF_VIEW / 2) * size / WIDTH_PX)
            for sign in (-1, 1):
                inward = np.sin(half) * self.ahead + sign * np.cos(half) * axis
                if away @ inward < -radius:
                    return False
        return True

    def pixels(self, places: Floats) -> Floats:
        """Return where (N, 3) points stand on the screen, (N, 2), NaN for those outside."""
        away = places - self.place
        aside = np.cross(self.ahead, (0.0, 0.0, 1.0))
        aside /= np.linalg.norm(aside)
        depth = away @ self.ahead
        scale = WIDTH_PX / 2 / np.tan(FIELD_OF_VIEW / 2) / depth
        shown = (
            np.stack((away @ aside, away @ np.cross(aside, self.ahead)), axis=1) * scale[:, None]
        )
        outside = (np.abs(shown) > (WIDTH_PX / 2, HEIGHT_PX / 2)).any(axis=1) | (depth <= 0)
        shown[outside] = np.nan
        return shown


def seen(tree: tuple[float, Node], distance_m: float) -> View:
    """Return what is drawn of a site from a distance to its middle."""
    error, root = tree
    ahead = np.array([0.0, np.cos(DOWN), -np.sin(DOWN)])
    camera = _Camera(root.centre - distance_m * ahead, ahead)
    if not _coarse(error, camera.distance(root)):
        return View(distance_m, 0, 0, np.nan)
    drawn = list(_drawn(root, camera))
    points = sum(node.points for node in drawn)
    return View(distance_m, len(drawn), points, _apart_px(root, camera, points))


def _coarse(error: float, distance_m: float) -> bool:
    return error * HEIGHT_PX / (max(distance_m, 1e-3) * DENOMINATOR) > MOST_ERROR_PX


def _drawn(node: Node, camera: _Camera) -> Iterator[Node]:
    if camera.sees(node):
        yield node
        if _coarse(node.error, camera.distance(node)):
            for child in node.below:
                yield from _drawn(child, camera)


def _apart_px(root: Node, camera: _Camera, points: int) -> float:
    """Return the mean distance of drawn points over the ground plan of the site on the screen."""
    steps = np.stack(np.meshgrid(*[np.linspace(-1, 1, 401)] * 2), axis=-1).reshape(-1, 2)
    shown = camera.pixels(root.centre + steps @ root.axes[:2])
    cells = np.unique(np.floor(shown[np.isfinite(shown).all(axis=1)] / 8), axis=0)
    return float(np.sqrt(64 * len(cells) / max(points, 1)))
