"""An output folder, a viewer of three files, and the server of both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from twin_pipeline.view import ViewerServer, serve
from twin_pipeline.view import server as server_module
from view.asking import GLB


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "static"
    (folder / "cesium" / "Workers").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>viewer</title>", encoding="utf-8")
    (folder / "cesium" / "Workers" / "decode.js").write_text("1", encoding="utf-8")
    (folder / "decoder.wasm").write_bytes(b"\0asm")
    monkeypatch.setattr(server_module, "STATIC_FOLDER", folder)
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "出力 out"
    (folder / "tiles" / "現場 1").mkdir(parents=True)
    (folder / "tiles" / "tileset.json").write_text("{}", encoding="utf-8")
    (folder / "tiles" / "現場 1" / "0.glb").write_bytes(GLB)
    (folder / "pipes.geojson").write_text("{}", encoding="utf-8")
    (folder / ".secret").write_text("hidden", encoding="utf-8")
    (tmp_path / "outside.json").write_text("outside", encoding="utf-8")
    return folder


@pytest.fixture
def server(static: Path, out: Path) -> Iterator[ViewerServer]:  # noqa: ARG001
    with serve(out) as running:
        yield running
