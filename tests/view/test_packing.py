"""Text is sent packed to whoever can unpack it."""

import gzip
from pathlib import Path

import brotli
import pytest

from twin_pipeline.view import ViewerServer
from view.asking import GLB, GLB_PATH, ask

LONG = '{"type": "FeatureCollection", "features": [' + ", ".join(["{}"] * 2_000) + "]}"


@pytest.mark.parametrize(
    ("accepted", "given"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=0.2, gzip", "gzip"),
        ("gzip;q=1.0, br;q=1", "br"),
        ("br;q=nan, gzip;q=inf, *;q=-1", None),
        ("*", "br"),
        ("identity", None),
        ("br;q=0, gzip;q=0", None),
    ],
)
def test_text_is_packed_as_the_client_can_unpack_it(
    server: ViewerServer, out: Path, accepted: str, given: str | None
) -> None:
    (out / "pipes.geojson").write_text(LONG, encoding="utf-8")
    for _ in range(2):
        answer = ask(server, "/data/pipes.geojson", Accept_Encoding=accepted)
        assert answer.headers["Content-Encoding"] == given
        assert answer.headers["Vary"] == "Accept-Encoding"
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[given]
        assert unpack(answer.body).decode() == LONG
        assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert given is None or len(answer.body) < len(LONG) / 10
    tag = answer.headers["ETag"]
    again = ask(server, "/data/pipes.geojson", Accept_Encoding=accepted, If_None_Match=tag)
    assert again.status == 304


def test_parts_and_tiles_are_not_packed(server: ViewerServer, out: Path) -> None:
    (out / "pipes.geojson").write_text(LONG, encoding="utf-8")
    part = ask(server, "/data/pipes.geojson", Accept_Encoding="br", Range="bytes=0-9")
    assert (part.status, part.body) == (206, LONG[:10].encode())
    assert "Content-Encoding" not in part.headers
    assert ask(server, GLB_PATH, Accept_Encoding="br").body == GLB


def test_changed_file_is_packed_anew(server: ViewerServer, out: Path) -> None:
    for text in (LONG, LONG.replace("{}", "[]")):
        (out / "pipes.geojson").write_text(text, encoding="utf-8")
        answer = ask(server, "/data/pipes.geojson", Accept_Encoding="gzip")
        assert gzip.decompress(answer.body).decode() == text
