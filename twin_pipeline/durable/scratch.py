"""Temporary folders that vanish even when their process is killed: at the next call of the program.

Whoever makes one holds a lock on it, which the system lets go however the process ends; so no
process number decides, which another process may have by then. Names tell the host, since hosts
that share a folder for temporary files need not see each other's locks.
"""

import fcntl
import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from twin_pipeline.durable.files import remove

_PREFIX = "twin-pipeline-"
_MADE = "[a-z0-9_]{8}"
"""What `tempfile` puts behind a prefix."""

_UNLOCKED = re.compile(f"{_PREFIX}(layer-)?{_MADE}")
"""Folders of earlier versions, without a lock or a host."""

_HOUR_S = 3_600.0
_DAY_S = 24 * _HOUR_S
_TRIES = 100


@contextmanager
def scratch(place: Path | None = None, prefix: str = _PREFIX) -> Iterator[Path]:
    """Yield a folder for what is needed inside the block; others that were left are removed.

    It lies in `place`, or where the system has temporary files.

    Raises
    ------
    OSError
        When it can't be made.
    """
    sweep(place, prefix)
    path, descriptor = _held(place, prefix)
    try:
        yield path
    finally:
        remove(path)
        os.close(descriptor)


def sweep(place: Path | None = None, prefix: str = _PREFIX) -> None:
    """Remove folders of this host and user whose process is gone; never fails."""
    with suppress(OSError), os.scandir(place or tempfile.gettempdir()) as found:
        mine = re.compile(re.escape(_of_host(prefix)) + _MADE)
        for entry in found:
            if mine.fullmatch(entry.name):
                _remove_if_left(Path(entry.path), locked=True)
            elif _UNLOCKED.fullmatch(entry.name):
                _remove_if_left(Path(entry.path), locked=False)


def _of_host(prefix: str) -> str:
    host = re.sub("[^A-Za-z0-9.]", "_", socket.gethostname())[:64]
    return f"{prefix}{host}-"


def _held(place: Path | None, prefix: str) -> tuple[Path, int]:
    """Return a new folder and the descriptor by which it is locked.

    Between the two another process may take it for one that was left; then another is made.
    """
    for _ in range(_TRIES):
        path = Path(tempfile.mkdtemp(prefix=_of_host(prefix), dir=place))
        with suppress(FileNotFoundError):
            descriptor = _opened(path)
            if _lock(descriptor) is not False and _same(descriptor, path):
                return path, descriptor
            os.close(descriptor)
    raise FileExistsError(f"no folder could be made in {place or tempfile.gettempdir()}")


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _lock(descriptor: int) -> bool | None:
    """Lock a folder; return whether that could be done, None where the file system can't tell."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _same(descriptor: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def _remove_if_left(path: Path, *, locked: bool) -> None:
    """Remove a folder of this user that nobody holds; one that never had a lock once it is old."""
    with suppress(OSError):
        descriptor = _opened(path)
        try:
            if os.fstat(descriptor).st_uid != os.geteuid() or not _lock(descriptor):
                return
            if locked or _is_old(path, descriptor):
                remove(path)
        finally:
            os.close(descriptor)


def _is_old(path: Path, descriptor: int) -> bool:
    status = os.fstat(descriptor)
    changed = max(status.st_mtime, status.st_ctime)
    return time.time() - changed > (_HOUR_S if not any(path.iterdir()) else _DAY_S)
