"""The output folder: written beside its place, and there complete or not at all."""

import errno
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unicodedata import category

from twin_pipeline.errors import InputError, OutputError, UsageError

RECORD = "run.json"
"""The file that every finished output folder has."""

SITES = "sites"
"""The folder that holds, in a folder of its name each, what belongs to one site alone."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of the system that tell that a disk has no room left."""

_LONGEST_NAME = 200
"""Bytes; file systems take 255, and what is made of the name adds to it."""


def read_record(out: Path) -> dict[str, Any]:
    """Return run.json of a finished output folder, with its sites and counts.

    Raises
    ------
    InputError
        When it can't be read, or is no record of a run.
    """
    path = out / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: can't be read ({error.strerror}); give the output folder of a finished run"
        ) from error
    except ValueError as error:
        raise InputError(f"{path}: is no JSON ({error}); run the scans again") from error
    sites = record.get("sites") if isinstance(record, dict) else None
    if not isinstance(sites, list) or "points_in" not in record.get("counts", {}):
        raise InputError(f"{path}: is no record of a run; run the scans again")
    return record


@contextmanager
def output_folder(
    out: Path, *, overwrite: bool, inputs: Sequence[Path] = (), record: str = RECORD
) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `out` when the block succeeds.

    What stood at `out` stays untouched until then, and for good when the block fails.

    Parameters
    ----------
    out
        The output folder.
    overwrite
        Whether a finished output may be replaced.
    inputs
        Files that must not lie in the folder to be replaced.
    record
        Name of the file that tells a folder to be one of ours.

    Raises
    ------
    OutputError
        When `out` exists and may not be replaced, or can't be written.
    """
    place = out.resolve()
    require_free(out, overwrite=overwrite, inputs=inputs, record=record)
    staging = place.with_name(f".{place.name}.partial-{os.getpid()}")
    _make(staging, out)
    try:
        yield staging
        # Another run may have finished there meanwhile.
        require_free(out, overwrite=overwrite, inputs=inputs, record=record)
        _publish(staging, place, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def require_free(
    out: Path, *, overwrite: bool, inputs: Sequence[Path] = (), record: str = RECORD
) -> None:
    """Raise OutputError unless a run may write to `out`; see `output_folder`."""
    place = out.resolve()
    try:
        occupied = place.exists() and not (place.is_dir() and not any(place.iterdir()))
    except OSError as error:
        raise unwritable(out, error) from error
    if not occupied:
        return
    is_run = record == RECORD
    if not (place / record).is_file():
        raise OutputError(
            f"{out}: exists and is no output of twin-pipeline (it has no {record}), so it is left "
            f"alone; {'give another folder with -o' if is_run else 'move it elsewhere'}"
        )
    if not overwrite:
        raise OutputError(
            f"{out}: holds a finished {'run' if is_run else 'export'}; give --overwrite to replace "
            f"it{', or another folder with -o' if is_run else ''}"
        )
    for path in inputs:
        if path.resolve().is_relative_to(place):
            raise OutputError(
                f"{path}: lies in the output folder {out}, which would be replaced; move it, or "
                "give another folder with -o"
            )


def shown(path: Path) -> str:
    """Return a file's name for people and files; bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(path.name).decode("utf-8", "replace")


_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of characters that are no text: controls, directions, halves, separators of lines."""


def in_one_line(text: str) -> str:
    """Return text with what would break a line or steer a terminal escaped; names may hold it."""
    return "".join(
        char.encode("unicode_escape").decode() if category(char) in _STEERING else char
        for char in text
    )


def require_site_name(
    name: str, source: object, remedy: str = "rename the file, or name the site in a manifest"
) -> None:
    """Raise UsageError unless a site's name can be the name of a folder; `source` has it."""
    problem = _problem(name)
    if problem is not None:
        raise UsageError(
            f"{source}: {name[:60]!r} can't be the name of a site, as folders are named after it: "
            f"{problem}; {remedy}"
        )


def _problem(name: str) -> str | None:
    if not name.strip() or name != name.strip() or name in {".", ".."}:
        return "it is empty, or begins or ends with a space"
    if any(sign in "/\\" or ord(sign) < 32 for sign in name):
        return "it has a slash or a control character"
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        return f"it is longer than {_LONGEST_NAME} bytes"
    return None


def _make(staging: Path, out: Path) -> None:
    try:
        staging.parent.mkdir(parents=True, exist_ok=True)
        # A dead process with the same number may have left one.
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
    except OSError as error:
        raise unwritable(out, error) from error


def _publish(staging: Path, place: Path, out: Path) -> None:
    aside = place.with_name(f".{place.name}.replaced-{os.getpid()}")
    try:
        if not place.exists():
            staging.rename(place)
            return
        place.rename(aside)
        try:
            staging.rename(place)
        except BaseException:
            aside.rename(place)
            raise
    except OSError as error:
        raise unwritable(out, error) from error
    shutil.rmtree(aside, ignore_errors=True)


def unwritable(out: Path, error: OSError) -> OutputError:
    """Return the error that says why `out` can't be written."""
    if error.errno in FULL:
        return OutputError(
            f"{out}: the disk is full ({error.strerror}); make room, or give another folder with -o"
        )
    return OutputError(
        f"{out}: can't be written ({error.strerror or error}); check the folder's rights, or give "
        "another one with -o"
    )
