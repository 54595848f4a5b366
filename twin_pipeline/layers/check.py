"""Whether the layers of an output folder are sound, for `validate`."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from twin_pipeline.errors import InputError
from twin_pipeline.layers.catalogues import GROUP_ID
from twin_pipeline.layers.folder import FOLDER, contents_of, index_path, read_layers
from twin_pipeline.layers.record import Layer


def layer_problems(out: Path) -> Iterator[str]:
    """Yield what is wrong with the layers of an output folder, one line a problem."""
    try:
        layers = read_layers(out)
    except InputError as error:
        yield str(error)
        return
    if (out / FOLDER).is_dir() and not index_path(out).is_file():
        yield f"{index_path(out)}: is missing, though there is a folder of layers"
    for layer in layers:
        yield from _file_problems(layer, out)
    yield from _catalogue_problems(layers, out)


def _file_problems(layer: Layer, out: Path) -> Iterator[str]:
    if layer.folder is None:
        return
    folder = out / layer.folder
    if not folder.is_dir():
        yield f"{folder}: the files of layer {layer.id} are missing; add it again"
    elif contents_of(folder) != layer.contents:
        yield (
            f"{folder}: the files of layer {layer.id} are not those that were added; add it again"
        )


def _catalogue_problems(layers: Sequence[Layer], out: Path) -> Iterator[str]:
    path = out / "catalog.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = {}
    shown = set(_ids(content.get("catalog", []) if isinstance(content, dict) else []))
    for layer in layers:
        if f"{GROUP_ID}/{layer.id}" not in shown:
            yield f"{path}: has no layer {layer.id}; call `layers list` on the folder to mend it"


def _ids(members: Any) -> Iterator[str]:  # noqa: ANN401 - whatever somebody wrote there
    for member in members if isinstance(members, list) else ():
        if isinstance(member, dict):
            yield str(member.get("id"))
            yield from _ids(member.get("members"))
