"""The work of the commands `layers add`, `layers list` and `layers remove`."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from twin_pipeline.cli.table import aligned
from twin_pipeline.cli.terminal import TerminalProgress
from twin_pipeline.errors import UsageError
from twin_pipeline.layers import Layer, read_layers, remove_layers
from twin_pipeline.layers.add import add_layer
from twin_pipeline.layers.look import KINDS
from twin_pipeline.layers.times import time_label
from twin_pipeline.layers.wanted import Wanted
from twin_pipeline.output import read_record
from twin_pipeline.remote import address_of

__all__ = ["Wanted", "add", "kind_given", "levels_given", "range_given", "remove", "show"]


def kind_given(text: str | None) -> str | None:
    """Return the kind of an address, as --kind says."""
    if text is not None and text not in KINDS:
        raise UsageError(f"--kind {text}: is none of {', '.join(KINDS)}")
    return text


def range_given(text: str | None) -> tuple[float, float] | None:
    """Return two numbers, as --range says."""
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--range {text}: give two numbers, such as --range 20,40") from error
    return low, high


def levels_given(text: str | None) -> tuple[int, int] | None:
    """Return two levels, as --levels says."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", text)
    if found is None:
        raise UsageError(f"--levels {text}: give the first and last, such as --levels 5-18")
    return int(found[1]), int(found[2])


def add(wanted: Wanted, out: Path, *, as_json: bool, quiet: bool) -> None:
    """Add a layer and print what it has become."""
    _require_folder(out)
    with TerminalProgress(quiet=quiet) as progress:
        layer, changed = add_layer(wanted, out, progress)
        for note in layer.notes:
            progress.note(f"note: {layer.title}: {note}")
    if as_json:
        typer.echo(_json([layer])[1:-1].strip())
        return
    typer.echo(f"{'layer' if changed else 'unchanged'}  {layer.id}")
    typer.echo(aligned([(name, text) for name, text in _facts(layer)]))


def show(out: Path, *, as_json: bool) -> None:
    """Print the layers of an output folder."""
    _require_folder(out)
    read_record(out)
    layers = read_layers(out)
    if as_json:
        typer.echo(_json(layers))
        return
    if not layers:
        typer.echo(f"{out}: has no layers; layers add brings some")
        return
    for number, layer in enumerate(layers):
        typer.echo(("\n" if number else "") + layer.id)
        typer.echo(aligned([(f"  {name}", text) for name, text in _facts(layer)]))


def remove(names: Sequence[str], out: Path, *, as_json: bool) -> None:
    """Take layers out and print which."""
    _require_folder(out)
    gone = remove_layers(names, out)
    if as_json:
        typer.echo(json.dumps({"removed": [layer.id for layer in gone]}))
        return
    for layer in gone:
        typer.echo(f"removed  {layer.id}")


def _facts(layer: Layer) -> list[tuple[str, str]]:
    rows: list[tuple[str, str | None]] = [
        ("title", layer.title),
        ("what", _what(layer)),
        ("from", ", ".join(layer.sources)),
        ("coordinates", _coordinates(layer)),
        ("time", None if layer.period is None else _period(layer.period)),
        ("legend", _legend(layer)),
        ("attribution", layer.attribution or "not stated"),
        ("licence", layer.licence or "not stated"),
        ("asks", ", ".join(layer.origins) or "nobody: its files are in the output folder"),
        ("shown", None if layer.shown else "not when the viewer opens"),
    ]
    return [(name, text) for name, text in rows if text is not None]


def _period(period: tuple[str, str]) -> str:
    try:
        first, last = (time_label(moment) for moment in period)
    except ValueError:  # a CZML file has it in some other spelling
        return " to ".join(period)
    return f"{first} to {last} (Japan)"


def _what(layer: Layer) -> str:
    parts = [layer.format]
    if layer.features is not None:
        parts.append(f"{layer.features:,} features")
    if layer.frames:
        parts.append(f"{len(layer.frames)} dates")
    if layer.contents is not None:
        parts.append(f"{layer.contents.files:,} files, {layer.contents.bytes / 1e6:.1f} MB")
    if layer.wms_layers is not None:
        parts.append(f"layer {layer.wms_layers}")
    if layer.min_level is not None:
        parts.append(f"levels {layer.min_level}-{layer.max_level}")
    return ", ".join(parts)


def _coordinates(layer: Layer) -> str | None:
    if layer.crs is None:
        return None
    if layer.kind != "geojson":
        return layer.crs
    return f"{layer.crs}, " + ("on the ground" if layer.on_ground else f"heights {layer.heights}")


def _legend(layer: Layer) -> str | None:
    if layer.legend is None or len(layer.legend.items) < 2:
        return None
    items = layer.legend.items
    return f"{layer.legend.title}: {items[-1].title} to {items[0].title}"


def _json(layers: Sequence[Layer]) -> str:
    content: list[dict[str, Any]] = [layer.model_dump(mode="json") for layer in layers]
    return json.dumps(content, indent=2, ensure_ascii=False)


def _require_folder(out: Path) -> None:
    address = address_of(out)
    if address is not None:
        raise UsageError(
            f"{address}: layers are added to a folder of this machine; fetch the run, add them, and"
            " put it back, or publish it from there"
        )
