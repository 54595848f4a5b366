"""Requests to the viewer's server, well-formed and raw."""

import http.client
import socket
from types import SimpleNamespace

from twin_pipeline.view import ViewerServer

GLB = bytes(range(256)) * 8
GLB_PATH = "/data/tiles/%E7%8F%BE%E5%A0%B4%201/0.glb"


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


def told(server: ViewerServer, request: bytes) -> bytes:
    """Send bytes, and return all that comes until the connection is closed."""
    host, port = server.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(request.replace(b"HOST", f"Host: {host}:{port}".encode()))
        answer = b""
        while block := raw.recv(65_536):
            answer += block
        return answer
