"""A way to an object store on which things go wrong as a test wishes."""

import http.client
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import SplitResult, urlsplit

Fault = Callable[[str, str, int], str | None]
"""Tells what goes wrong with a request: its method, its path, how many there were before."""

REFUSALS = {
    "503": (503, "SlowDown"),
    "403": (403, "InvalidAccessKeyId"),
    "404": (404, "NoSuchBucket"),
}


class _Way(BaseHTTPRequestHandler):
    fault: Fault
    target: SplitResult
    count: Iterator[int]
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        wrong = type(self).fault(self.command, self.path, next(self.count))
        if wrong in REFUSALS:
            self._refuse(*REFUSALS[wrong])
        elif wrong == "reset":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self._answer(body, cut=wrong == "cut")

    def _refuse(self, status: int, code: str) -> None:
        told = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)

    def _answer(self, body: bytes, *, cut: bool) -> None:
        assert self.target.hostname is not None
        store = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=60)
        store.request(self.command, self.path, body, dict(self.headers))
        answer = store.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True
        store.close()

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass_on  # noqa: N815

    def log_message(self, *_given: object) -> None:
        """Say nothing."""


@contextmanager
def way_to(address: str, fault: Fault) -> Iterator[str]:
    """Give another address for a store; each request may suffer a fault, by its name.

    "503", "403" and "404" refuse it, "reset" ends the connection, "cut" gives half of the answer.
    """
    facts = {"fault": staticmethod(fault), "target": urlsplit(address), "count": itertools.count()}
    way = type("Way", (_Way,), facts)
    server = ThreadingHTTPServer(("127.0.0.1", 0), way)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
