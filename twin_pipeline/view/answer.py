"""Answers HTTP requests for one viewer: reads only, prints nothing, answers whom it is told to."""

import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import BinaryIO
from urllib.parse import urlsplit

from twin_pipeline.view.compress import PackedFiles, chosen_encoding
from twin_pipeline.view.consent import consented_origins
from twin_pipeline.view.files import (
    RangeNotSatisfiableError,
    Version,
    byte_range,
    find_file,
    mime_type,
)
from twin_pipeline.view.layer_hosts import layer_hosts, layers_version
from twin_pipeline.view.policy import DATA_POLICY, Access

_DATA = "/data/"
_CHUNK_BYTES = 1 << 18
_MOST_CONNECTIONS = 500
"""Each has a thread of its own; beyond, a connection is closed before it is heard."""
_COMMON_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # A second run may replace the data under the same names.
    "Cache-Control": "no-cache",
}
_CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag, Last-Modified",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": (
        "Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range"
    ),
    # A page of the internet that asks this machine needs its word.
    "Access-Control-Allow-Private-Network": "true",
    "Access-Control-Max-Age": "86400",
}


class AnsweringServer(ThreadingHTTPServer):
    """A thread a connection, up to a number of them."""

    daemon_threads = True
    # A browser keeps connections open; closing must not wait for them.
    block_on_close = False

    def __init__(self, static: Path, out: Path, port: int, access: Access) -> None:
        self.static = static
        self.out = out
        self.access = access
        self.packed = PackedFiles()
        shared = _CORS_HEADERS if access.cors else {"Cross-Origin-Resource-Policy": "same-origin"}
        self.common_headers = _COMMON_HEADERS | shared
        self._layers: tuple[object, tuple[str, ...]] | None = None
        self._room = BoundedSemaphore(_MOST_CONNECTIONS)
        if ":" in access.host:
            self.address_family = socket.AF_INET6
        super().__init__((access.host, port), _Handler)

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Answer in a thread, as long as there is room for one."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Answer one connection until it is closed."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def policy(self, cookies: str | None) -> str:
        """Return the content security policy for a client with these cookies."""
        consented = consented_origins(cookies, int(self.server_address[1]))
        return self.access.content_security_policy([*self._layer_hosts(), *consented])

    def _layer_hosts(self) -> tuple[str, ...]:
        """Return the hosts of the layers, which may come and go while the server runs."""
        version = layers_version(self.out)
        if self._layers is None or self._layers[0] != version:
            self._layers = (version, layer_hosts(self.out))
        return self._layers[1]

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Stay silent: a browser that gives up a download is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    server: AnsweringServer
    protocol_version = "HTTP/1.1"
    server_version = "twin-pipeline"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        file = self._requested_file()
        if file is None:
            return
        try:
            with file.open("rb") as stream:
                self._answer(file, stream)
        except OSError:
            # Gone since it was found, or the client has left in the middle.
            self.close_connection = True

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_OPTIONS(self) -> None:
        if self._is_meant_for_us():
            self._head(HTTPStatus.NO_CONTENT, _PREFLIGHT_HEADERS)

    def parse_request(self) -> bool:
        """Refuse every method that could be meant to change something."""
        if not super().parse_request():
            return False
        if self.headers["Content-Length"] or self.headers["Transfer-Encoding"]:
            # What comes along stays unread, and is not to be taken for the next request.
            self.close_connection = True
        if self.command in ("GET", "HEAD"):
            return True
        if self.command == "OPTIONS" and self.server.access.cors:
            return True
        self.close_connection = True
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "GET, HEAD"})
        return False

    def _requested_file(self) -> Path | None:
        if not self._is_meant_for_us():
            return None
        path = urlsplit(self.path).path
        if path.startswith(_DATA):
            file = find_file(self.server.out, path.removeprefix(_DATA))
        else:
            file = find_file(self.server.static, path.removeprefix("/"))
        if file is None:
            self._refuse(HTTPStatus.NOT_FOUND)
        return file

    def _policy(self) -> str:
        if urlsplit(self.path).path.startswith(_DATA):
            return DATA_POLICY
        return self.server.policy(self.headers["Cookie"])

    def _is_meant_for_us(self) -> bool:
        port = int(self.server.server_address[1])
        hosts = self.headers.get_all("Host", [])
        # An address in the request itself counts for more than the header (RFC 9112, 3.2.2).
        named = [urlsplit(self.path).netloc] if "://" in self.path.split("?")[0] else []
        if len(hosts) == 1 and all(
            self.server.access.admits(name, port) for name in (*hosts, *named)
        ):
            return True
        self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        return False

    def _answer(self, file: Path, stream: BinaryIO) -> None:
        media_type = mime_type(file)
        version = Version.of(file.stat())
        if media_type.startswith("text/html"):
            # Told that a page is the same, a browser keeps the policy that it got with it.
            version = version.tagged(self._policy())
        known = {
            "ETag": version.etag,
            "Last-Modified": version.last_modified,
            "Vary": "Accept-Encoding",
        }
        if version.is_other(self.headers["If-Match"], self.headers["If-Unmodified-Since"]):
            self._refuse(HTTPStatus.PRECONDITION_FAILED)
            return
        if version.is_known(self.headers["If-None-Match"], self.headers["If-Modified-Since"]):
            self._head(HTTPStatus.NOT_MODIFIED, known)
            return
        encoding = chosen_encoding(self.headers["Accept-Encoding"], media_type, version.size)
        if encoding is not None and self.headers["Range"] is None:
            packed = self.server.packed.get(file, version.etag, encoding)
            # Of equal meaning, not of equal bytes: the tag of the plain file, made weak.
            named = {"ETag": f"W/{version.etag}", "Content-Encoding": encoding}
            self._send_packed(packed, {**known, **named, "Content-Type": media_type})
            return
        allowed = version.allows_range(self.headers["If-Range"])
        try:
            part = byte_range(self.headers["Range"] if allowed else None, version.size)
        except RangeNotSatisfiableError:
            outside = {"Content-Range": f"bytes */{version.size}"}
            self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, outside)
            return
        self._send(stream, version, part, {**known, "Content-Type": media_type})

    def _send_packed(self, packed: bytes, headers: dict[str, str]) -> None:
        self._head(HTTPStatus.OK, headers | {"Content-Length": str(len(packed))})
        if self.command != "HEAD":
            self.wfile.write(packed)

    def _send(
        self, stream: BinaryIO, version: Version, part: range | None, headers: dict[str, str]
    ) -> None:
        wanted = range(version.size) if part is None else part
        headers |= {"Accept-Ranges": "bytes", "Content-Length": str(len(wanted))}
        if part is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{version.size}"
        self._head(HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT, headers)
        if self.command != "HEAD":
            self._copy(stream, wanted)

    def _copy(self, stream: BinaryIO, wanted: range) -> None:
        stream.seek(wanted.start)
        left = len(wanted)
        while left > 0:
            block = stream.read(min(left, _CHUNK_BYTES))
            if not block:
                # The file has shrunk: only a broken connection tells the client so.
                self.close_connection = True
                return
            self.wfile.write(block)
            left -= len(block)

    def _refuse(self, status: HTTPStatus, headers: dict[str, str] | None = None) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        plain = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
        self._head(status, plain | (headers or {}))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        policy = {"Content-Security-Policy": self._policy()}
        last = {"Connection": "close"} if self.close_connection else {}
        for name, value in (self.server.common_headers | policy | last | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request; what the client has sent is not repeated to it."""
        del message, explain
        self.close_connection = True
        status = HTTPStatus(code)
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        plain = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
        policy = {"Content-Security-Policy": DATA_POLICY, "Connection": "close"}
        for name, value in (_COMMON_HEADERS | policy | plain).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: only the command line prints."""
