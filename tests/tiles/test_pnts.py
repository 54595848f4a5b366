import json
from pathlib import Path

import numpy as np
import pytest

from tests.tiles.earth import Earth, scan_of, trench
from tests.tiles.test_tileset import SCHEMAS, _schema_errors
from twin_pipeline.tiles import validate_tiles, write_root
from twin_pipeline.tiles.reader import read_json

OLD = {"tiles_version": "1.0"}


@pytest.fixture
def site(write) -> tuple[Path, object]:
    scan = scan_of(trench(12_000, 150.0))
    return write(scan, options=OLD)[0], scan


def _tiles(path: Path):
    """Contents as py3dtiles reads them, with the frame of each."""
    from py3dtiles.tileset.content import Pnts

    def walk(tile, matrix):
        matrix = matrix @ np.reshape(tile.get("transform", np.eye(4).ravel()), (4, 4)).T
        content = Pnts.from_file(path.parent / tile["content"]["uri"])
        yield content.body, matrix
        for child in tile.get("children", []):
            yield from walk(child, matrix)

    yield from walk(json.loads(path.read_text("utf-8"))["root"], np.eye(4))


def test_another_reader_finds_every_point_in_its_place(site):
    out, scan = site
    seen = []
    for body, matrix in _tiles(out / "tileset.json"):
        features, batch = body.feature_table, body.batch_table
        header = features.header
        count = header.points_length
        local = np.array(features.body.position).reshape(-1, 3)
        ecef = local @ matrix[:3, :3].T + matrix[:3, 3]
        intensity, label = (
            np.array(batch.get_binary_property(name)).astype(int) for name in ("intensity", "label")
        )
        number = intensity | label << 16
        assert len(number) == count
        assert np.linalg.norm(ecef - Earth().to_ecef(scan.xyz[number]), axis=1).max() < 5e-4
        colours = np.array(features.body.color).reshape(-1, 3)
        expected = np.stack([scan.attributes[n][number] for n in ("red", "green", "blue")], 1)
        assert np.array_equal(colours, expected)
        times = np.array(batch.get_binary_property("gps_time"))
        assert np.array_equal(times, scan.attributes["gps_time"][number])
        seen.append(number)
    assert np.array_equal(np.sort(np.concatenate(seen)), np.arange(12_000))


def test_tileset_is_of_the_old_version_throughout(site):
    out, _ = site
    write_root(out.parents[1], ["site"])
    for path in out.parents[1].rglob("*.json"):
        tileset = read_json(path)
        assert tileset["asset"]["version"] == "1.0"
        assert not {"schema", "metadata", "statistics", "groups"} & tileset.keys()
    stated = read_json(out / "tileset.json")["properties"]
    assert stated["intensity"] == {"minimum": 0, "maximum": 11_999}
    assert not list(out.rglob("*.glb"))
    assert validate_tiles(out.parents[1], 12_000) == []


@pytest.mark.skipif(not SCHEMAS.exists(), reason=f"needs the 3D Tiles schemas in {SCHEMAS.name}/")
def test_tilesets_follow_the_schema(site):
    out, _ = site
    write_root(out.parents[1], ["site"])
    for path in out.parents[1].rglob("*.json"):
        assert _schema_errors(read_json(path)) == []


@pytest.mark.parametrize(("brightest", "step"), [(255, 256), (65535, 1)])
def test_wide_colours_come_back_too(brightest, step, write):
    scan = scan_of(trench(3_000), brightest=brightest)
    for name in ("red", "green", "blue"):
        scan.attributes[name] *= step
    out, _ = write(scan, options=OLD)
    assert validate_tiles(out, 3_000) == []


def test_root_of_mixed_versions_is_of_the_new_one(site, write):
    out, _ = site
    write(scan_of(trench(2_000)), name="new")
    write_root(out.parents[1], ["site", "new"])
    root = read_json(out.parents[1] / "tileset.json")
    assert root["asset"]["version"] == "1.1"
    assert validate_tiles(out.parents[1], 14_000) == []


def _first(out: Path) -> Path:
    return min(out.rglob("*.pnts"))


def test_changed_byte_is_noticed(site):
    out, _ = site
    path = _first(out)
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)
    assert validate_tiles(out)


@pytest.mark.parametrize("length", [0, 20, 100, -8])
def test_cut_off_content_is_noticed(length, site):
    out, _ = site
    path = _first(out)
    path.write_bytes(path.read_bytes()[:length])
    assert "no valid pnts" in str(validate_tiles(out)[0])
