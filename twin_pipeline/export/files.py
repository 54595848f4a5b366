"""Files appear complete or not at all: written beside their place, then renamed into it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twin_pipeline.durable.scratch import scratch
from twin_pipeline.errors import OutputError


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Yield where to write instead of `path`; it takes `path`'s place when the block succeeds.

    The yielded path has the same file name, in a folder of its own on the same file system.

    Raises
    ------
    OutputError
        When the folder of `path` can't be written or has no room.
    """
    try:
        with scratch(path.parent, ".writing-") as folder:
            yield folder / path.name
            os.replace(folder / path.name, path)  # noqa: PTH105 - one call, atomic on every system
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{path}: can't be written ({reason}); check the folder's rights and free space"
        ) from error


def write_text(path: Path, text: str) -> Path:
    """Write `text` as UTF-8 with the line ends it has, complete or not at all."""
    with staged(path) as beside:
        beside.write_bytes(text.encode("utf-8"))
    return path
