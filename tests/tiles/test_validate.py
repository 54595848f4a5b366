import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.factories import make_survey
from tests.tiles.earth import Earth, scan_of, trench
from tests.tiles.reading import read_tiles
from twin_pipeline.tiles import validate_tiles, write_pipe_tiles, write_root
from twin_pipeline.tiles.options import Compression

POINTS = 4_000


@pytest.fixture
def tileset(tmp_path, write):
    """A sound tileset of points and pipes, to be broken."""
    write(scan_of(trench(POINTS)), options={"compression": "none"})
    out = tmp_path / "pipes" / "site"
    write_pipe_tiles(make_survey(), Earth(), out, compression=Compression.NONE)
    write_root(tmp_path, ["site"])
    return tmp_path


def _messages(tileset: Path, expected: int | None = None) -> str:
    return "\n".join(str(problem) for problem in validate_tiles(tileset, expected))


def _edit_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


def _first_tile(tileset: Path) -> Path:
    folder = tileset / "points" / "site"
    return folder / read_tiles(folder / "tileset.json")[1].uri


def _edit_glb(path: Path, change: Callable[[dict[str, Any], bytearray], None]) -> None:
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    document, binary = json.loads(data[20 : 20 + length]), bytearray(data[28 + length :])
    change(document, binary)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 8)
    head = struct.pack("<III", 0x46546C67, 2, 28 + len(text) + len(binary))
    chunk = struct.pack("<II", len(text), 0x4E4F534A) + text
    path.write_bytes(head + chunk + struct.pack("<II", len(binary), 0x004E4942) + binary)


def test_sound_tileset_has_no_problems(tileset):
    assert validate_tiles(tileset, POINTS) == []
    assert validate_tiles(tileset / "tileset.json") == []


def test_count_of_points_is_checked(tileset):
    assert f"hold {POINTS} points, not {POINTS + 1}" in _messages(tileset, POINTS + 1)


def _first_child(content: dict[str, Any]) -> dict[str, Any]:
    return content["root"]["children"][0]


BROKEN_JSON: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "version": (lambda t: t["asset"].update(version="1.0"), "asset.version is '1.0'"),
    "no root": (lambda t: t.pop("root"), "not built like a tileset"),
    "no error": (lambda t: t["root"].pop("geometricError"), "not built like a tileset"),
    "no refine": (lambda t: t["root"].pop("refine"), "how it is refined"),
    "rising errors": (lambda t: _first_child(t).update(geometricError=1e3), "is not below"),
    "negative error": (lambda t: _first_child(t).update(geometricError=-1), "is no length"),
    "leaf with error": (lambda t: _first_child(t).update(geometricError=1e-3), "nothing below"),
    "equal errors": (
        lambda t: _first_child(t).update(geometricError=t["root"]["geometricError"]),
        "is not below",
    ),
    "root above tileset": (lambda t: t.update(geometricError=0.0), "is not below"),
    "no box": (lambda t: _first_child(t)["boundingVolume"].clear(), "is no box"),
    "short box": (lambda t: _first_child(t)["boundingVolume"]["box"].pop(), "is no box"),
    "moved box": (
        lambda t: _first_child(t)["boundingVolume"]["box"].__setitem__(0, 500.0),
        "outside its parent",
    ),
    "small box": (
        lambda t: _first_child(t)["boundingVolume"]["box"].__setitem__(3, 0.1),
        "out of its tile's box",
    ),
    "bad transform": (lambda t: t["root"].update(transform=[1.0] * 15), "16 finite numbers"),
    "missing content": (
        lambda t: _first_child(t)["content"].update(uri="gone.glb"),
        "gone.glb: can't be read",
    ),
    "lost tile": (lambda t: t["root"]["children"].pop(), "statistics count"),
    "wrong range": (
        lambda t: t["statistics"]["classes"]["point"]["properties"]["label"].update(max=7),
        "statistics of label",
    ),
    "contains itself": (
        lambda t: _first_child(t)["content"].update(uri="tileset.json"),
        "contains itself",
    ),
}


@pytest.mark.parametrize("name", BROKEN_JSON)
def test_broken_tileset_is_noticed(name, tileset):
    change, message = BROKEN_JSON[name]
    _edit_json(tileset / "points" / "site" / "tileset.json", change)
    assert message in _messages(tileset)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"'])
def test_file_that_is_no_tileset_is_noticed(text, tileset):
    (tileset / "points" / "site" / "tileset.json").write_text(text)
    assert "JSON" in _messages(tileset)


def test_missing_tileset_is_noticed(tmp_path):
    assert "can't be read" in _messages(tmp_path / "nothing")


def _attribute(document: dict[str, Any], name: str) -> dict[str, Any]:
    number = document["meshes"][0]["primitives"][0]["attributes"][name]
    return document["accessors"][number]


def _place(document: dict[str, Any], name: str) -> int:
    return document["bufferViews"][_attribute(document, name)["bufferView"]]["byteOffset"]


BROKEN_POINTS: dict[str, tuple[Callable[[dict[str, Any], bytearray], Any], str]] = {
    "moved point": (
        lambda d, b: struct.pack_into("<H", b, _place(d, "POSITION"), 65_000),
        "POSITION max is",
    ),
    "moved node": (
        lambda d, _: d["nodes"][0]["translation"].__setitem__(1, 90.0),
        "out of its tile's box",
    ),
    "other attributes": (
        lambda d, _: d["extensions"]["EXT_structural_metadata"]["propertyAttributes"][0][
            "properties"
        ].pop("label"),
        "carries",
    ),
    "no grid": (lambda d, _: d["nodes"][0].pop("extras"), "not built like a tile"),
    "fewer labels": (lambda d, _: _attribute(d, "_LABEL").update(count=3), "_LABEL has 3"),
    "too many points": (
        lambda d, _: _attribute(d, "POSITION").update(count=10**6),
        "beyond its buffer view",
    ),
    "odd offset": (lambda d, _: _attribute(d, "_LABEL").update(byteOffset=1), "not aligned"),
    "short buffer": (lambda _, b: b.__delitem__(slice(64, None)), "beyond the buffer"),
    "unknown extension": (
        lambda d, _: d["extensionsRequired"].append("KHR_draco_mesh_compression"),
        "KHR_draco_mesh_compression",
    ),
    "wrong type in schema": (
        lambda d, _: d["extensions"]["EXT_structural_metadata"]["schema"]["classes"]["point"][
            "properties"
        ]["label"].update(componentType="UINT8"),
        "unlike its schema",
    ),
    "no mesh": (lambda d, _: d.pop("meshes"), "not built like a tile"),
    "no such view": (lambda d, _: _attribute(d, "_LABEL").update(bufferView=99), "no entry 99"),
    "glTF 1": (lambda d, _: d["asset"].update(version="1.0"), "glTF 1.0"),
}


def _swap(document: dict[str, Any], binary: bytearray, name: str, stride: int) -> None:
    """Exchange what the first point has with the first one that has something else."""
    first = _place(document, name)
    count = _attribute(document, name)["count"]
    places = range(first + stride, first + count * stride, stride)
    other = next(p for p in places if binary[p : p + stride] != binary[first : first + stride])
    one = bytes(binary[first : first + stride])
    binary[first : first + stride] = binary[other : other + stride]
    binary[other : other + stride] = one


@pytest.mark.parametrize(
    ("name", "stride"),
    [("POSITION", 8), ("COLOR_0", 8), ("_INTENSITY", 4), ("_LABEL", 4), ("_GPS_TIME", 4)],
)
def test_two_points_that_changed_a_value_are_noticed(name, stride, write, tmp_path):
    """Bounds, counts and ranges stay the same; only reading all back can tell."""
    scan = scan_of(trench(POINTS))
    out, _ = write(scan, options={"compression": "none"}, labels=np.arange(POINTS).astype("u2"))
    _edit_glb(_first_tile(tmp_path), lambda d, b: _swap(d, b, name, stride))
    assert "are not those that were tiled" in _messages(out)


def test_tile_that_moved_with_its_box_is_noticed(tileset):
    """A whole tile shifted by a few millimetres hardly leaves its box."""
    path = _first_tile(tileset)
    _edit_glb(
        path,
        lambda d, _: d["nodes"][0]["translation"].__setitem__(
            0, 1e-3 + d["nodes"][0]["translation"][0]
        ),
    )
    assert "its grid lies at" in _messages(tileset)


def test_tile_in_the_place_of_another_is_noticed(tileset):
    folder = tileset / "points" / "site"
    one, other = (folder / tile.uri for tile in read_tiles(folder / "tileset.json")[1:3])
    other.write_bytes(one.read_bytes())
    assert _messages(tileset)


@pytest.mark.parametrize("name", BROKEN_POINTS)
def test_broken_points_are_noticed(name, tileset):
    change, message = BROKEN_POINTS[name]
    _edit_glb(_first_tile(tileset), change)
    assert message in _messages(tileset)


@pytest.mark.parametrize("length", [0, 11, 19, 300, -1, -400])
def test_cut_off_content_is_noticed(length, tileset):
    path = _first_tile(tileset)
    path.write_bytes(path.read_bytes()[:length])
    assert f"{path.name}: no valid GLB" in _messages(tileset)


def test_damaged_compression_is_noticed(write):
    out, _ = write(scan_of(trench(POINTS)))
    path = out / read_tiles(out / "tileset.json")[1].uri

    def damage(document: dict[str, Any], binary: bytearray) -> None:
        view = document["bufferViews"][0]["extensions"]["EXT_meshopt_compression"]
        binary[view["byteOffset"]] = 0

    _edit_glb(path, damage)
    assert "meshopt data can't be decoded" in _messages(out)


def _column(document: dict[str, Any], name: str, part: str) -> dict[str, Any]:
    table = document["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
    return document["bufferViews"][table["properties"][name][part]]


BROKEN_PIPES: dict[str, tuple[Callable[[dict[str, Any], bytearray], Any], str]] = {
    "index": (
        lambda d, b: struct.pack_into(
            "<H", b, d["bufferViews"][d["accessors"][3]["bufferView"]]["byteOffset"], 60_000
        ),
        "index 60000 is beyond",
    ),
    "half a triangle": (lambda d, _: d["accessors"][3].update(count=100), "make no triangles"),
    "feature without row": (
        lambda d, b: struct.pack_into("<f", b, _place(d, "_FEATURE_ID_0"), 77.0),
        "feature 77 has no row",
    ),
    "announced features": (
        lambda d, _: d["meshes"][0]["primitives"][0]["extensions"]["EXT_mesh_features"][
            "featureIds"
        ][0].update(featureCount=9),
        "9 announced",
    ),
    "short column": (
        lambda d, _: _column(d, "length_m", "values").update(byteLength=8),
        "column length_m has 1 values",
    ),
    "short text offsets": (
        lambda d, _: _column(d, "role", "stringOffsets").update(byteLength=8),
        "column role does not hold",
    ),
    "not a number": (
        lambda d, b: struct.pack_into("<f", b, _place(d, "NORMAL"), np.nan),
        "NORMAL holds values that are not finite",
    ),
}


@pytest.mark.parametrize("name", BROKEN_PIPES)
def test_broken_pipes_are_noticed(name, tileset):
    change, message = BROKEN_PIPES[name]
    _edit_glb(tileset / "pipes" / "site" / "pipes.glb", change)
    assert message in _messages(tileset)


@pytest.mark.parametrize(
    ("name", "member", "value", "message"),
    [
        ("POSITION", "count", 10**9, "can't hold"),
        ("POSITION", "byteLength", 40, "can't"),
        ("NORMAL", "byteStride", 3, "can't hold"),
        ("indices", "count", 3 * 10**8, "can't hold"),
        ("indices", "byteStride", 8, "can't hold"),
        ("indices", "byteLength", 1_500, "damaged"),
    ],
)
def test_broken_packed_pipes_are_noticed(name, member, value, message, tmp_path):
    write_pipe_tiles(make_survey(), Earth(), tmp_path)

    def change(document, _):
        primitive = document["meshes"][0]["primitives"][0]
        accessor = {**primitive["attributes"], "indices": primitive["indices"]}[name]
        view = document["bufferViews"][document["accessors"][accessor]["bufferView"]]
        view["extensions"]["EXT_meshopt_compression"][member] = value

    _edit_glb(tmp_path / "pipes.glb", change)
    assert message in _messages(tmp_path)
