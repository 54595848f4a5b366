"""Starts and stops the server of one viewer."""

from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from twin_pipeline.errors import OutputError, UsageError
from twin_pipeline.view.answer import AnsweringServer
from twin_pipeline.view.policy import LOOPBACK, Access

STATIC_FOLDER = Path(__file__).resolve().parent.parent / "viewer_static"
"""Where `make viewer` puts the built viewer."""

_POLL_SECONDS = 0.05


def serve(out: Path, port: int = 0, access: Access | None = None) -> "ViewerServer":
    """Start serving the viewer with the data of one output folder.

    Parameters
    ----------
    out
        An output folder with `tiles/tileset.json`, served read-only under `/data/`.
    port
        Port to listen on; 0 takes a free one.
    access
        Who may ask, and whom the page may ask; by default this machine and nobody.

    Returns
    -------
    ViewerServer
        It answers already; close it, or use it as a context manager.

    Raises
    ------
    OutputError
        The folder has no tiles, or the viewer has not been built.
    UsageError
        The port or address is taken or not allowed.
    """
    tileset = out / "tiles" / "tileset.json"
    if not tileset.is_file():
        raise OutputError(
            f"{out}: has no tiles/tileset.json, so there is nothing to view; "
            "give the output folder of a finished `twin-pipeline run` or `tile`"
        )
    if not (STATIC_FOLDER / "index.html").is_file():
        raise OutputError(
            f"{STATIC_FOLDER}: the viewer has not been built; call `make viewer` in the checkout "
            "(needs Node.js 20 or newer), or install a released wheel, which contains it"
        )
    return ViewerServer(STATIC_FOLDER, out, port, access or Access())


class ViewerServer:
    """The running server; `url` is what to open in a browser."""

    def __init__(self, static: Path, out: Path, port: int, access: Access) -> None:
        self._http = _listen(static.resolve(), out.resolve(), port, access)
        # An address that means every one of this machine can't be opened on all systems.
        name = {"0.0.0.0": LOOPBACK, "": LOOPBACK, "::": "::1"}.get(access.host, access.host)  # noqa: S104
        name = f"[{name}]" if ":" in name else name
        self.url = f"http://{name}:{self._http.server_address[1]}/"
        self._thread = Thread(
            target=self._http.serve_forever, args=(_POLL_SECONDS,), name="viewer", daemon=True
        )
        self._thread.start()

    def serve_until_interrupted(self) -> None:
        """Return after Ctrl+C, with the server closed."""
        try:
            while self._thread.is_alive():
                # Windows delivers Ctrl+C only between waits.
                self._thread.join(timeout=0.5)
        except KeyboardInterrupt:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Stop answering and free the port; a second call does nothing."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _listen(static: Path, out: Path, port: int, access: Access) -> AnsweringServer:
    try:
        return AnsweringServer(static, out, port, access)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"--port {port}: can't be used on {access.host} ({error}); "
            "give another port, or none to get a free one"
        ) from error
