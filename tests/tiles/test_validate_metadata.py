"""What `validate` says of tiles that still decode, and of words that fit nothing."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.factories import make_survey
from tests.tiles.earth import Earth, scan_of, trench
from twin_pipeline.tiles import (
    TilesOptions,
    validate_tiles,
    write_pipe_tiles,
    write_point_tiles,
    write_root,
    write_uncertainty_tiles,
)

POINTS = 1_500


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Points, pipes and shells, and points in the old format."""

    folder = tmp_path_factory.mktemp("sound")
    scan = scan_of(trench(POINTS))
    for site, version in (("site", "1.1"), ("old", "1.0")):
        write_point_tiles(
            scan.chunks(),
            bounds=scan.bounds,
            scale_m=(0.001, 0.001, 0.001),
            labels=scan.labels,
            georeference=Earth(),
            out=folder / "points" / site,
            options=TilesOptions(points_per_tile=1_000, attributes="all", tiles_version=version),
        )
    write_pipe_tiles(make_survey(), Earth(), folder / "pipes" / "site")
    write_uncertainty_tiles(make_survey(), Earth(), folder / "uncertainty" / "site")
    write_root(folder, ["site", "old"])
    assert validate_tiles(folder, 2 * POINTS) == []
    return folder


@pytest.fixture
def tiles(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "tiles")


def _messages(tiles: Path) -> str:
    return "\n".join(str(problem) for problem in validate_tiles(tiles))


@pytest.mark.parametrize("layer", ["points/site", "points/old", "pipes/site", "uncertainty/site"])
def test_any_bit_of_a_content_that_changed_is_noticed(layer, tiles):
    path = min([*(tiles / layer).rglob("*.glb"), *(tiles / layer).rglob("*.pnts")])
    written = path.read_bytes()
    for place in np.linspace(28, len(written) - 1, 12).astype(int):
        data = bytearray(written)
        data[place] ^= 1
        path.write_bytes(data)
        assert path.name in _messages(tiles)


def _edit(path: Path, keys: tuple[str | int, ...], value: object) -> None:
    document = json.loads(path.read_text("utf-8"))
    inner = document
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(document), "utf-8")


POINT = ("schema", "classes", "point", "properties")
PIPE = ("schema", "classes", "pipe", "properties")


@pytest.mark.parametrize(
    ("tileset", "keys", "value", "message"),
    [
        ("points/site", ("metadata", "class"), "datasets", "of the class 'datasets'"),
        ("points/site", ("metadata", "properties", "datum"), "T.P.", "has datum, which its class"),
        ("points/site", ("metadata", "properties"), {}, "lacks site, which its class requires"),
        ("points/site", (*POINT, "intensity", "type"), "SCALARS", "the type 'SCALARS'"),
        ("points/site", (*POINT, "intensity", "componentType"), "INT7", "of the type 'INT7'"),
        ("points/site", (*POINT, "intensity", "componentType"), "UINT8", "described otherwise"),
        ("points/site", POINT, {}, "schema lacks point.intensity"),
        ("pipes/site", (*PIPE, "length_m", "noData"), -1, "described otherwise"),
        (".", ("groups", 0, "class"), "layers", "group 0 is of the class 'layers'"),
        (".", ("root", "children", 0, "content", "group"), 3, "is of group 3, of 3"),
        (
            "points/site",
            ("statistics", "classes", "point", "properties", "height"),
            {"min": 0, "max": 1},
            "tell of point.height",
        ),
        (
            "points/site",
            ("statistics", "classes", "point", "properties", "classification", "extras"),
            {"classes": {"2": POINTS}},
            "statistics count the classes",
        ),
        ("pipes/site", ("root", "transform", 3), 0.5, "last row"),
    ],
)
def test_words_that_fit_nothing_are_noticed(tileset, keys, value, message, tiles):
    _edit(tiles / tileset / "tileset.json", keys, value)
    assert message in _messages(tiles)
