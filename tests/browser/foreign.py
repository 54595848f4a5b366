"""Another host's layers: a server of map tiles, a WMS and files, on a port of its own."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

GREEN, RED = (20, 220, 60), (230, 30, 40)
"""Of map tiles, and of the WMS."""


@dataclass
class OtherHost:
    """A running server and what it has been asked for."""

    url: str
    paths: list[str] = field(default_factory=list)

    def queries(self, path: str) -> list[dict[str, str]]:
        """Return the parameters, in small letters, of each request to a path."""
        asked = [urlsplit(address) for address in self.paths]
        return [
            {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
            for parts in asked
            if parts.path == path
        ]


@contextmanager
def other_host(folder: Path) -> Iterator[OtherHost]:
    """Serve a folder's files, /xyz/{z}/{x}/{y}.png and /wms to pages of every origin."""
    host = OtherHost("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, host, directory=str(folder)))
    server.daemon_threads = True
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield host
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, host: OtherHost, *arguments: Any, **options: Any) -> None:
        self.host = host
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        self.host.paths.append(self.path)
        if self.path.startswith("/xyz/"):
            self._send_picture(GREEN)
        elif self.path.startswith("/wms"):
            self._send_picture(RED)
        else:
            super().do_GET()

    def _send_picture(self, colour: tuple[int, int, int]) -> None:
        content = _png(colour)
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def _png(colour: tuple[int, int, int], size: int = 256) -> bytes:
    rows = (b"\0" + bytes(colour) * size) * size
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
