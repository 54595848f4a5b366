"""Requests of every kind, in order and hostile."""

import contextlib
import http.client
import socket
import threading
import time
from pathlib import Path

import pytest

from twin_pipeline.view import ViewerServer, serve
from twin_pipeline.view import answer as answer_module
from view.asking import GLB, GLB_PATH, ask, told


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
