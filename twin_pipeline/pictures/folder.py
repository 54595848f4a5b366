"""The folder of a site's pictures: there complete or not at all, and never in another's place."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twin_pipeline.errors import OutputError

INDEX = "pictures.html"
"""The page that every finished folder of pictures has."""


def require_place(folder: Path, *, overwrite: bool = False) -> None:
    """Raise OutputError unless pictures may be written to `folder`."""
    place = folder.resolve()
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not (place / INDEX).is_file():
        raise OutputError(
            f"{folder}: exists and holds no pictures of twin-pipeline (it has no {INDEX}), so it "
            "is left alone; give another folder with --debug-dir"
        )
    if not overwrite:
        raise OutputError(
            f"{folder}: holds the pictures of an earlier run; remove it, give another folder "
            "with --debug-dir, or run with --overwrite"
        )


@contextmanager
def picture_folder(folder: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `folder` when the block succeeds.

    Raises
    ------
    OutputError
        When there is something else already, or the disk does not take it.
    """
    require_place(folder, overwrite=overwrite)
    place = folder.resolve()
    staging = place.with_name(f".{place.name}.partial-{os.getpid()}")
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        yield staging
        require_place(folder, overwrite=overwrite)
        _put(staging, place)
    except OSError as error:
        raise OutputError(
            f"{folder}: pictures can't be written ({error.strerror or error}); give another folder "
            "with --debug-dir"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _put(staging: Path, place: Path) -> None:
    if not place.exists():
        staging.rename(place)
        return
    aside = place.with_name(f".{place.name}.replaced-{os.getpid()}")
    place.rename(aside)
    try:
        staging.rename(place)
    except BaseException:
        aside.rename(place)
        raise
    shutil.rmtree(aside, ignore_errors=True)
