"""Which files the viewer's server gives, and which it never gives."""

import os
import sys
from pathlib import Path

import pytest

from twin_pipeline.view import ViewerServer, serve
from twin_pipeline.view.files import MIME_TYPES, byte_range, find_file
from view.asking import GLB, GLB_PATH, ask


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/?lang=ja", "text/html; charset=utf-8"),
        ("/cesium/Workers/decode.js", "text/javascript; charset=utf-8"),
        ("/decoder.wasm", "application/wasm"),
        ("/data/tiles/tileset.json", "application/json"),
        ("/data/pipes.geojson", "application/geo+json"),
        (GLB_PATH, "model/gltf-binary"),
    ],
)
def test_gives_files_with_their_media_type(
    server: ViewerServer, path: str, media_type: str
) -> None:
    answer = ask(server, path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == media_type
    assert int(answer.headers["Content-Length"]) == len(answer.body) > 0
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_gives_the_bytes_unchanged(server: ViewerServer) -> None:
    assert ask(server, GLB_PATH).body == GLB


def test_nothing_in_the_output_folder_can_run(server: ViewerServer, out: Path) -> None:
    (out / "report.html").write_text("<style></style><script src=x.js></script>", encoding="utf-8")
    for path in ("/data/report.html", "/data/pipes.geojson", "/data/nothing.html"):
        policy = ask(server, path).headers["Content-Security-Policy"]
        directives = dict(part.split(" ", 1) for part in policy.split("; "))
        assert directives["default-src"] == "'none'"
        assert directives["style-src"] == "'unsafe-inline'"
        assert "script-src" not in directives


@pytest.mark.parametrize(
    "path",
    [
        "/data/",
        "/data/tiles",
        "/data/tiles/",
        "/data/../outside.json",
        "/data/%2e%2e/outside.json",
        "/data/tiles/../../outside.json",
        "/data/tiles/..%2f..%2foutside.json",
        "/data/tiles/..%5c..%5coutside.json",
        "/data//etc/passwd",
        "/data/C:%5cWindows%5cwin.ini",
        "/data/.secret",
        "/data/pipes.geojson%00.glb",
        "/data/tiles/./tileset.json",
        "/data/nothing.json",
        "/../outside.json",
        "//etc/passwd",
        "/etc/passwd",
    ],
)
def test_gives_nothing_else(server: ViewerServer, path: str) -> None:
    answer = ask(server, path)
    assert answer.status == 404
    assert answer.body == b"404 Not Found\n"


def test_name_longer_than_the_file_system_allows_is_not_found(server: ViewerServer) -> None:
    assert ask(server, "/data/" + "a" * 5000).status == 404


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_stay_inside(server: ViewerServer, out: Path) -> None:
    (out / "leak.json").symlink_to(out.parent / "outside.json")
    (out / "leak").symlink_to(out.parent)
    (out / "loop.json").symlink_to(out / "loop.json")
    (out / "inner.json").symlink_to(out / "tiles" / "tileset.json")
    assert ask(server, "/data/leak.json").status == 404
    assert ask(server, "/data/leak/outside.json").status == 404
    assert ask(server, "/data/loop.json").status == 404
    assert ask(server, "/data/inner.json").body == b"{}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_only_regular_files(server: ViewerServer, out: Path) -> None:
    os.mkfifo(out / "fifo")
    assert ask(server, "/data/fifo").status == 404


def test_empty_file(server: ViewerServer, out: Path) -> None:
    (out / "empty.json").touch()
    answer = ask(server, "/data/empty.json")
    assert (answer.status, answer.body) == (200, b"")
    assert byte_range(None, 0) is None


def test_relative_output_folder(
    static: Path,  # noqa: ARG001
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(out.parent)
    with serve(Path(out.name)) as running:
        assert ask(running, GLB_PATH).status == 200


def test_every_suffix_the_pipeline_writes_has_a_media_type() -> None:
    assert {".json", ".geojson", ".csv", ".gpkg", ".html", ".glb"} <= MIME_TYPES.keys()


def test_folder_index_is_given(static: Path) -> None:
    assert find_file(static.resolve(), "") == (static / "index.html").resolve()
    assert find_file(static.resolve(), "cesium/") is None
