"""Layers of others that somebody has added to the runs: published as they are."""

from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from twin_pipeline.layers.catalogues import show_layers
from twin_pipeline.layers.folder import FOLDER, index_path, read_layers
from twin_pipeline.layers.record import Index, Layer
from twin_pipeline.publishing.pieces import Piece
from twin_pipeline.publishing.sources import file_name

Pieces = dict[tuple[str, str], Piece]


def context_layers(
    outs: Sequence[Path], pieces: Pieces, warn: Callable[[str], None]
) -> tuple[Layer, ...]:
    """Return the layers of all runs with the addresses of their files below the publication.

    Their files are added to `pieces`, as `layer`.
    """
    found: dict[str, Layer] = {}
    for out in outs:
        for layer in read_layers(out):
            if layer.id in found:
                warn(f"{out}: its layer {layer.id} is left out, as another run has one of that id")
                continue
            found[layer.id] = _placed(out, layer, pieces)
    return tuple(found.values())


def _placed(out: Path, layer: Layer, pieces: Pieces) -> Layer:
    names = tuple(source if "://" in source else file_name(source) for source in layer.sources)
    plain = layer.model_copy(update={"sources": names})
    if layer.folder is None:
        return plain
    folder = out / layer.folder
    files = {
        f"{layer.folder}/{path.relative_to(folder).as_posix()}": path
        for path in folder.rglob("*")
        if path.is_file()
    }
    piece = Piece.of("data", files)
    pieces["layer", layer.id] = piece
    return moved(plain, layer.folder, f"{piece.folder}/{layer.folder}")


def moved(layer: Layer, old: str, new: str) -> Layer:
    """Return a layer whose files lie elsewhere; addresses of other hosts stay."""

    def place(address: str) -> str:
        return new + address.removeprefix(old) if address.startswith(old) else address

    frames = tuple(frame.model_copy(update={"url": place(frame.url)}) for frame in layer.frames)
    changed = {
        "url": place(layer.url),
        "frames": frames,
        "rasters": tuple(map(place, layer.rasters)),
        "folder": None if layer.folder is None else place(layer.folder),
    }
    return layer.model_copy(update=changed)


def from_view(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return layers with addresses as the viewer's data, in data/HASH, lead to them."""
    return tuple(moved(layer, "data/", "../../data/") for layer in layers)


def from_anywhere(layers: Sequence[Layer], base_url: str) -> tuple[Layer, ...]:
    """Return layers with the addresses that catalogues of other viewers need."""
    return tuple(
        layer
        if layer.folder is None
        else moved(layer, layer.folder, base_url + quote(layer.folder)).model_copy(
            update={"folder": None}
        )
        for layer in layers
    )


def write_layers(layers: Sequence[Layer], folder: Path) -> None:
    """Write layers.json and a catalogue that names it, as the viewer looks for them."""
    if not layers:
        return
    (folder / FOLDER).mkdir(exist_ok=True)
    text = Index(layers=tuple(layers)).model_dump_json(indent=1, exclude_defaults=False)
    index_path(folder).write_text(text + "\n", encoding="utf-8")
    show_layers(layers, folder)
