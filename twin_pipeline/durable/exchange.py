"""Two folders that take each other's place in one step, so that readers always find one of them."""

import ctypes
import errno
import os
from functools import cache
from pathlib import Path
from typing import Any

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_UNABLE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM}


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
