"""Two folders that take each other's place in one step, so that readers always find one of them."""

import ctypes
import errno
import os
from functools import cache
from pathlib import Path
from typing import Any

from twin_pipeline.durable.files import read_json, write_json

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_UNABLE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM}


def take_place(new: Path, place: Path, aside: Path, note: Path) -> None:
    """Let a folder take the place of another, which is moved aside; in one step where possible.

    Parameters
    ----------
    note
        File that tells `has_taken_place`, should this process die, which folder is which.

    Raises
    ------
    OSError
        When it can't be done; then `place` is what it was.
    """
    if place.exists():
        write_json(note, {"inode": new.stat().st_ino})
        if exchange(new, place):
            new.rename(aside)
            return
        place.rename(aside)
    try:
        new.rename(place)
    except BaseException:
        if aside.exists():
            aside.rename(place)
        raise


def has_taken_place(new: Path, place: Path, note: Path) -> bool:
    """Whether what lies at `new` is what stood at `place` before they were exchanged."""
    noted = read_json(note)
    if noted is None or not new.exists() or not place.exists():
        return False
    return bool(place.stat().st_ino == noted.get("inode"))


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders of one file system; False where the system can't, and nothing is done.

    Raises
    ------
    OSError
        When it can and may not.
    """
    rename = _renameat2()
    if rename is None:
        return False
    if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNABLE:
        return False
    raise OSError(code, os.strerror(code), str(other))


@cache
def _renameat2() -> Any:  # noqa: ANN401 - a function of C
    """Return the function of Linux; None elsewhere."""
    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
