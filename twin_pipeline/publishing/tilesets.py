"""The files of a tileset, and a root above tilesets that lie in pieces of their own."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from twin_pipeline.errors import InputError
from twin_pipeline.export.files import write_text
from twin_pipeline.tiles.reader import read_json


def tileset_files(tileset: Path) -> dict[str, Path]:
    """Return the files that a tileset leads to, itself first, by path below its folder.

    Raises
    ------
    InputError
        When one is missing, can't be read, or lies outside of the folder.
    """
    files: dict[str, Path] = {}
    _collect(tileset, tileset.parent.resolve(), files)
    return files


def _collect(tileset: Path, folder: Path, files: dict[str, Path]) -> None:
    name = _inside(tileset, folder)
    if name in files:
        return
    files[name] = tileset
    for content in contents(read_json(tileset)["root"]):
        path = tileset.parent / unquote(content["uri"])
        if path.suffix == ".json":
            _collect(path, folder, files)
        else:
            files[_inside(path, folder)] = path


def _inside(path: Path, folder: Path) -> str:
    place = path.resolve()
    if not place.is_relative_to(folder):
        raise InputError(f"{path}: lies outside of its tileset's folder; run the scans again")
    if not place.is_file():
        raise InputError(f"{path}: is missing; `twin-pipeline validate` tells what else is")
    return place.relative_to(folder).as_posix()


def contents(tile: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the contents of a tile and of all below it."""
    yield from tile.get("contents", [tile["content"]] if "content" in tile else [])
    for child in tile.get("children", []):
        yield from contents(child)


def redirect(folder: Path, places: Mapping[str, str]) -> None:
    """Let the root tileset in a folder, and its groups, lead to other addresses.

    Parameters
    ----------
    folder
        Holds tileset.json, pipes.json and their groups, and nothing else that is JSON.
    places
        New address by the old one.
    """
    for path in folder.glob("*.json"):
        made = json.loads(path.read_text(encoding="utf-8"))
        for content in contents(made["root"]):
            content["uri"] = places.get(content["uri"], content["uri"])
        write_text(path, json.dumps(made, separators=(",", ":")))
