"""An S3-compatible server of one's own, on 127.0.0.1, for tests and torture."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def object_store(home: Path) -> Iterator[dict[str, str]]:
    """Start a server; give the environment of its users, whose own state is in `home`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            try:
                urllib.request.urlopen(f"{address}/moto-api/", timeout=5).close()  # noqa: S310
                break
            except OSError:
                time.sleep(0.05)
        environment = os.environ | {
            "AWS_ACCESS_KEY_ID": "made",
            "AWS_SECRET_ACCESS_KEY": "made-up-secret",
            "AWS_ENDPOINT_URL": address,
            "AWS_DEFAULT_REGION": "us-east-1",
            "XDG_STATE_HOME": str(home),
        }
        environment.pop("HTTP_PROXY", None)
        yield environment
    finally:
        process.terminate()
        process.wait(30)
