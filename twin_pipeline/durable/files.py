"""Files and folders that are whole after a power cut, or absent."""

import json
import os
import shutil
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_AT_ONCE = 16
"""So many files are brought onto the disk at the same time."""


def write_bytes(path: Path, data: bytes) -> None:
    """Put a file in its place, whole and on the disk when this returns."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def write_json(path: Path, value: object) -> None:
    """Put a JSON file in its place, whole and on the disk when this returns."""
    # Escapes also hold file names that are no UTF-8.
    write_bytes(path, json.dumps(value, ensure_ascii=True, indent=1).encode() + b"\n")


def write_plain_json(path: Path, value: object) -> None:
    """Put a JSON file in its place, whole, but not worth waiting for the disk."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(json.dumps(value, ensure_ascii=True), encoding="utf-8")
    beside.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, None if there is no such file or object."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of names onto the disk."""
    _sync(folder)


def sync_tree(folder: Path, but: Collection[Path] = ()) -> None:
    """Bring all files below a folder onto the disk; some folders in it need not be looked at.

    Several at a time: a file system brings what many wait for onto the disk at once, and one file
    after the other takes five times as long.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(_sync, path) for path in _tree(folder, but)]:
            done.result()


def _tree(folder: Path, but: Collection[Path]) -> Iterator[Path]:
    for place, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if Path(place, name) not in but]
        yield from (Path(place, name) for name in names)
        yield Path(place)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file or a tree, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def link_tree(source: Path, target: Path) -> None:
    """Give all files of a tree a second place without a copy, where the file system can."""
    shutil.copytree(source, target, copy_function=link_file, symlinks=True, dirs_exist_ok=True)


def link_file(source: str | Path, target: str | Path) -> None:
    """Give a file a second place without a copy, where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def entries(folder: Path) -> Iterator[Path]:
    """Yield what lies in a folder, by name; nothing if there is no such folder."""
    if folder.is_dir():
        yield from sorted(folder.iterdir())
