"""What the viewer's server gives, to whom, and what it never gives."""

import contextlib
import gzip
import http.client
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import brotli
import pytest

from twin_pipeline.errors import OutputError, UsageError
from twin_pipeline.view import Access, ViewerServer, serve
from twin_pipeline.view import answer as answer_module
from twin_pipeline.view import server as server_module
from twin_pipeline.view.files import MIME_TYPES, byte_range, find_file

GLB = bytes(range(256)) * 8


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


def ask(
    server: ViewerServer, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> SimpleNamespace:
    connection = http.client.HTTPConnection(server.url.split("/")[2], timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers=named)
        answer = connection.getresponse()
        return SimpleNamespace(status=answer.status, headers=answer.headers, body=answer.read())
    finally:
        connection.close()


GLB_PATH = "/data/tiles/%E7%8F%BE%E5%A0%B4%201/0.glb"


def test_listens_on_this_machine_only(server: ViewerServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")


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


def test_policy_names_no_other_host(server: ViewerServer) -> None:
    policy = ask(server, "/").headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self' 'wasm-unsafe-eval'"
    sources = {source for value in directives.values() for source in value.split()}
    known = {"'self'", "'none'", "'wasm-unsafe-eval'", "data:", "blob:"}
    assert sources <= known


def test_nothing_in_the_output_folder_can_run(server: ViewerServer, out: Path) -> None:
    (out / "report.html").write_text("<style></style><script src=x.js></script>", encoding="utf-8")
    for path in ("/data/report.html", "/data/pipes.geojson", "/data/nothing.html"):
        policy = ask(server, path).headers["Content-Security-Policy"]
        directives = dict(part.split(" ", 1) for part in policy.split("; "))
        assert directives["default-src"] == "'none'"
        assert directives["style-src"] == "'unsafe-inline'"
        assert "script-src" not in directives


@pytest.mark.skipif(not socket.has_ipv6, reason="the system has no IPv6")
def test_listens_on_an_address_of_ipv6(static: Path, out: Path) -> None:  # noqa: ARG001
    try:
        running = serve(out, access=Access("::1"))
    except UsageError:
        pytest.skip("::1 is switched off on this machine")
    with running:
        assert running.url.startswith("http://[::1]:")
        port = int(running.url.rstrip("/").rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("::1", port, timeout=10)
        connection.request("GET", GLB_PATH)
        assert connection.getresponse().read() == GLB
        connection.close()


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


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_reads_only(server: ViewerServer, out: Path, method: str) -> None:
    answer = ask(server, "/data/pipes.geojson", method, body=b"changed")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert (out / "pipes.geojson").read_text(encoding="utf-8") == "{}"


def test_head_has_the_headers_of_get_without_the_body(server: ViewerServer) -> None:
    got, head = ask(server, GLB_PATH), ask(server, GLB_PATH, "HEAD")
    assert head.status == 200
    assert head.body == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified"):
        assert head.headers[name] == got.headers[name]
    assert ask(server, "/data/nothing.json", "HEAD").status == 404


def test_names_of_other_hosts_are_refused(server: ViewerServer) -> None:
    port = server.url.rstrip("/").rsplit(":", 1)[1]
    assert ask(server, "/", Host=f"localhost:{port}").status == 200
    for host in (f"evil.example:{port}", "127.0.0.1", f"127.0.0.1.evil.example:{port}"):
        assert ask(server, "/data/pipes.geojson", Host=host).status == 421


def test_unchanged_file_is_not_sent_again(server: ViewerServer) -> None:
    first = ask(server, GLB_PATH)
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in (
        {"If_None_Match": tag},
        {"If_None_Match": f'"other", W/{tag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": date},
    ):
        answer = ask(server, GLB_PATH, **headers)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["ETag"] == tag


def test_changed_file_is_sent_again(server: ViewerServer, out: Path) -> None:
    first = ask(server, "/data/pipes.geojson")
    (out / "pipes.geojson").write_text('{"new": 1}', encoding="utf-8")
    tag, date = first.headers["ETag"], "Thu, 01 Jan 1970 00:00:00 GMT"
    for headers in (
        {"If_None_Match": tag},
        {"If_Modified_Since": date},
        {"If_Modified_Since": "yesterday"},
        {"If_None_Match": tag, "If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
    ):
        assert ask(server, "/data/pipes.geojson", **headers).body == b'{"new": 1}'


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-0", range(1)),
        ("bytes=100-199", range(100, 200)),
        ("bytes=2000-", range(2000, 2048)),
        ("bytes=2000-9999", range(2000, 2048)),
        ("bytes=-48", range(2000, 2048)),
        ("bytes=-9999", range(2048)),
        ("BYTES=0-1", range(2)),
    ],
)
def test_parts_of_a_file(server: ViewerServer, asked: str, given: range) -> None:
    answer = ask(server, GLB_PATH, Range=asked)
    assert answer.status == 206
    assert answer.body == GLB[given.start : given.stop]
    assert answer.headers["Content-Range"] == f"bytes {given.start}-{given.stop - 1}/2048"


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-2", "bytes=-", "bytes=0-1,5-6", "lines=1-2", "bytes", f"bytes=0-{'9' * 5000}"],
)
def test_ranges_it_does_not_know_give_the_whole(server: ViewerServer, asked: str) -> None:
    answer = ask(server, GLB_PATH, Range=asked)
    assert (answer.status, answer.body) == (200, GLB)


def test_range_behind_the_end(server: ViewerServer) -> None:
    answer = ask(server, GLB_PATH, Range="bytes=2048-")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == "bytes */2048"
    assert ask(server, GLB_PATH, Range="bytes=-0").status == 416


def test_part_of_an_older_version_is_answered_with_the_whole(server: ViewerServer) -> None:
    tag = ask(server, GLB_PATH).headers["ETag"]
    assert ask(server, GLB_PATH, Range="bytes=0-9", If_Range=tag).status == 206
    assert ask(server, GLB_PATH, Range="bytes=0-9", If_Range='"old"').status == 200


def test_empty_file(server: ViewerServer, out: Path) -> None:
    (out / "empty.json").touch()
    answer = ask(server, "/data/empty.json")
    assert (answer.status, answer.body) == (200, b"")
    assert byte_range(None, 0) is None


def test_one_connection_carries_many_requests(server: ViewerServer) -> None:
    connection = http.client.HTTPConnection(server.url.split("/")[2], timeout=10)
    for path, status in (("/", 200), ("/none", 404), (GLB_PATH, 200), ("/", 200)):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


def test_many_at_once(server: ViewerServer) -> None:
    bodies: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: bodies.append(ask(server, GLB_PATH).body))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [GLB] * 16


def told(server: ViewerServer, request: bytes) -> bytes:
    """Send bytes, and return all that comes until the connection is closed."""
    host, port = server.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(request.replace(b"HOST", f"Host: {host}:{port}".encode()))
        answer = b""
        while block := raw.recv(65_536):
            answer += block
        return answer


def test_what_comes_with_a_request_is_not_taken_for_the_next(server: ViewerServer) -> None:
    hidden = b"GET /data/pipes.geojson HTTP/1.1\r\nHOST\r\n\r\n"
    for header in (b"Content-Length: 900", b"Transfer-Encoding: chunked"):
        answer = told(server, b"GET /none HTTP/1.1\r\nHOST\r\n" + header + b"\r\n\r\n" + hidden)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"Connection: close" in answer


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", b"421"),
        (b"GET / HTTP/1.1\r\nHOST\r\nHost: evil\r\nConnection: close\r\n\r\n", b"421"),
        (b"GET http://evil/ HTTP/1.1\r\nHOST\r\nConnection: close\r\n\r\n", b"421"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHOST\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHOST\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHOST\r\n" + b"X: a\r\n" * 200 + b"\r\n", b"431"),
        (b"GET / <b>x</b> HTTP/1.1\r\nHOST\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505"),
    ],
)
def test_what_is_no_request_is_refused_and_not_repeated(
    server: ViewerServer, request_: bytes, status: bytes
) -> None:
    answer = told(server, request_)
    head, _, body = answer.rpartition(b"\r\n\r\n")
    assert body.startswith(status)
    assert b"<b>" not in answer
    # Only to HTTP/1 there are headers.
    if head:
        assert head.startswith(b"HTTP/1.1 " + status)
        assert b"Content-Security-Policy: " in head
        assert b"X-Content-Type-Options: nosniff" in head


def test_clients_that_say_nothing_or_read_nothing_keep_nobody_waiting(
    server: ViewerServer, out: Path
) -> None:
    (out / "big.bin").write_bytes(bytes(20_000_000))
    host, port = server.url.split("/")[2].split(":")
    big = f"GET /data/big.bin HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
    waiting = [socket.create_connection((host, int(port)), timeout=10) for _ in range(60)]
    try:
        for n, client in enumerate(waiting):
            client.sendall(b"GET / HT" if n % 2 else big)
        assert ask(server, GLB_PATH).body == GLB
        server.close()
        with pytest.raises(ConnectionRefusedError):
            ask(server, "/")
    finally:
        for client in waiting:
            client.close()


def test_connections_beyond_those_it_has_room_for_are_closed(
    static: Path,  # noqa: ARG001
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answer_module, "_MOST_CONNECTIONS", 3)
    with serve(out) as running:
        host, port = running.url.split("/")[2].split(":")
        held = [socket.create_connection((host, int(port)), timeout=10) for _ in range(3)]
        for client in held:
            client.sendall(b"GET / HT")
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(running, "/")
        for client in held:
            client.close()
        for _ in range(100):
            with contextlib.suppress(OSError, http.client.HTTPException):
                assert ask(running, "/").status == 200
                break
            time.sleep(0.05)
        else:
            pytest.fail("the places that were left stay taken")


def test_prints_nothing(server: ViewerServer, capfd: pytest.CaptureFixture[str]) -> None:
    ask(server, "/")
    ask(server, "/nothing")
    with socket.create_connection(server.url.split("/")[2].split(":"), timeout=10) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        raw.recv(100)
    assert capfd.readouterr() == ("", "")


def test_close_frees_the_port(static: Path, out: Path) -> None:  # noqa: ARG001
    first = serve(out)
    port = int(first.url.rstrip("/").rsplit(":", 1)[1])
    first.close()
    first.close()
    with serve(out, port) as second:
        assert second.url == first.url
        assert ask(second, "/").status == 200


def test_interrupt_closes(
    static: Path,  # noqa: ARG001
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = serve(out)

    def interrupted(timeout: float | None = None) -> None:
        monkeypatch.undo()
        assert timeout is not None
        raise KeyboardInterrupt

    monkeypatch.setattr(running._thread, "join", interrupted)
    running.serve_until_interrupted()
    with pytest.raises(ConnectionRefusedError):
        ask(running, "/")


def test_port_in_use_is_named(server: ViewerServer, out: Path) -> None:
    port = int(server.url.rstrip("/").rsplit(":", 1)[1])
    with pytest.raises(UsageError, match=rf"--port {port}: .* another port"):
        serve(out, port)
    with pytest.raises(UsageError, match="--port 99999"):
        serve(out, 99999)


def test_output_without_tiles_is_named(static: Path, tmp_path: Path) -> None:  # noqa: ARG001
    with pytest.raises(OutputError, match=r"nowhere: has no tiles/tileset\.json"):
        serve(tmp_path / "nowhere")


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


def test_other_origins_only_with_cors(static: Path, out: Path) -> None:  # noqa: ARG001
    with serve(out) as plain:
        answer = ask(plain, "/data/pipes.geojson", Origin="https://terria.example")
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    with serve(out, access=Access(cors=True)) as open_to_all:
        answer = ask(open_to_all, "/data/pipes.geojson", Origin="https://terria.example")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        preflight = ask(open_to_all, GLB_PATH, "OPTIONS", Origin="https://terria.example")
        assert (preflight.status, preflight.body) == (204, b"")
        assert "Range" in preflight.headers["Access-Control-Allow-Headers"]
        assert ask(open_to_all, GLB_PATH, "POST").status == 405


def test_hosts_of_added_layers_are_in_the_policy(static: Path, out: Path) -> None:  # noqa: ARG001
    members = [
        {"id": "twin-pipeline/1/x", "url": "https://own.example/tiles/tileset.json"},
        {"id": "a", "members": [{"id": "b", "url": "https://{s}.maps.example/{z}/{x}/{y}.png"}]},
        {"id": "c", "url": "https://evil.example;script-src *"},
        {"id": "d", "url": "notes.geojson"},
    ]
    (out / "catalog.json").write_text(json.dumps({"catalog": members}), encoding="utf-8")
    with serve(out, access=Access(allowed_hosts=("plateau.example:8443",))) as server:
        policy = ask(server, "/").headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    for name in ("connect-src", "img-src"):
        named = " ".join(f"https://{letter}.maps.example" for letter in "abc")
        assert directives[name].endswith(f"{named} plateau.example:8443")
    assert "own.example" not in policy
    assert "evil" not in policy


def test_hosts_that_the_user_has_allowed_are_in_the_policy(server: ViewerServer) -> None:
    port = server.url.split(":")[-1].rstrip("/")
    allowed = "https%3A%2F%2Ftiles.example%7Chttp%3A%2F%2F127.0.0.1%3A9000"
    bad = "%7Chttps%3A%2F%2F*%7C*%7Chttps%3A%2F%2Fa%3Bscript-src%20*%7C'unsafe-eval'"
    plain = ask(server, "/")
    mine = ask(server, "/", Cookie=f"a=b; twin-pipeline-hosts-{port}={allowed}{bad}")
    directives = dict(
        part.split(" ", 1) for part in mine.headers["Content-Security-Policy"].split("; ")
    )
    for name in ("connect-src", "img-src"):
        assert directives[name].endswith("https://tiles.example http://127.0.0.1:9000")
    assert directives["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert "*" not in mine.headers["Content-Security-Policy"]
    other = ask(server, "/", Cookie=f"twin-pipeline-hosts-1={allowed}")
    assert other.headers["Content-Security-Policy"] == plain.headers["Content-Security-Policy"]


def test_page_is_sent_anew_with_another_policy(server: ViewerServer) -> None:
    port = server.url.split(":")[-1].rstrip("/")
    known = {"If-None-Match": ask(server, "/").headers["ETag"]}
    assert ask(server, "/", **known).status == 304
    cookie = {"Cookie": f"twin-pipeline-hosts-{port}=https%3A%2F%2Ftiles.example"}
    assert ask(server, "/", **known, **cookie).status == 200


@pytest.mark.parametrize("host", ["a b", "x;script-src *", "https://a/b", "'self'", ""])
def test_what_is_no_host_is_not_allowed(host: str) -> None:
    with pytest.raises(UsageError, match="--allow-host"):
        Access(allowed_hosts=(host,))


def test_other_addresses_answer_to_addresses_but_not_to_foreign_names() -> None:
    access = Access(host="0.0.0.0")  # noqa: S104
    assert access.admits("192.168.1.20:8080", 8080)
    assert access.admits("localhost:8080", 8080)
    assert not access.admits("evil.example:8080", 8080)
    assert not Access().admits("192.168.1.20:8080", 8080)


def test_unbuilt_viewer_is_named(static: Path, out: Path) -> None:
    (static / "index.html").unlink()
    with pytest.raises(OutputError, match="make viewer"):
        serve(out)


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
