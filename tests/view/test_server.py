"""The viewer's server starts, says what hinders it, and ends."""

import http.client
import socket
from pathlib import Path

import pytest

from twin_pipeline.errors import OutputError, UsageError
from twin_pipeline.view import Access, ViewerServer, serve
from view.asking import GLB, GLB_PATH, ask


def test_listens_on_this_machine_only(server: ViewerServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")


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


def test_unbuilt_viewer_is_named(static: Path, out: Path) -> None:
    (static / "index.html").unlink()
    with pytest.raises(OutputError, match="make viewer"):
        serve(out)
