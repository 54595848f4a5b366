"""OUT/layers: layers.json, and a folder for the files of each layer.

Files come first, then layers.json, which decides, then catalogues; what is no more named goes
last. So whatever happens on the way, the layers that were there are there.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from twin_pipeline.durable.files import link_tree, remove
from twin_pipeline.durable.scratch import scratch
from twin_pipeline.durable.work import standing
from twin_pipeline.errors import InputError, OutputError, UsageError
from twin_pipeline.export.files import write_text
from twin_pipeline.layers.catalogues import show_layers
from twin_pipeline.layers.record import Contents, Index, Layer
from twin_pipeline.output import read_record

FOLDER = "layers"
INDEX = "layers.json"


def index_path(out: Path) -> Path:
    """Return where an output folder tells its layers."""
    return out / FOLDER / INDEX


def read_layers(out: Path) -> tuple[Layer, ...]:
    """Return the layers of an output folder, in the order in which they were added.

    Raises
    ------
    InputError
        When layers.json is no such file.
    """
    path = index_path(out)
    try:
        return Index.model_validate_json(path.read_bytes()).layers
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path}: is no list of layers ({where}: {first['msg']}); put back the file that was "
            "there, or remove it and the folder and add the layers again"
        ) from error


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder for a layer's files; it is gone afterwards unless it was renamed."""
    parent = out / FOLDER
    new = not parent.exists()
    try:
        parent.mkdir(exist_ok=True)
        with scratch(parent, ".adding-") as folder:
            folder.chmod(0o755)
            yield folder
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        if new and not index_path(out).exists():
            shutil.rmtree(parent, ignore_errors=True)


def place_folder(folder: Path, out: Path, name: str) -> tuple[str, Contents]:
    """Give a layer's files their place, named after the layer and the files' hash.

    Returns
    -------
    tuple
        The place, relative to the output folder, and what lies there.
    """
    contents = contents_of(folder)
    place = f"{FOLDER}/{name}-{contents.sha256[:10]}"
    if not (out / place).exists():
        folder.rename(out / place)
    elif contents_of(out / place) != contents:
        remove(out / place)
        folder.rename(out / place)
    return place, contents


def contents_of(folder: Path) -> Contents:
    """Return count, size and hash of the files of a folder."""
    digest = hashlib.sha256()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    size = 0
    for path in files:
        data = path.read_bytes()
        name = path.relative_to(folder).as_posix().encode()
        digest.update(b"%d %s\0%d\0" % (len(name), name, len(data)))
        digest.update(data)
        size += len(data)
    return Contents(files=len(files), bytes=size, sha256=digest.hexdigest())


def write_layers(layers: Sequence[Layer], out: Path) -> None:
    """Make these the layers of an output folder, in viewers and catalogues too."""
    (out / FOLDER).mkdir(exist_ok=True)
    index = Index(layers=tuple(layers))
    write_text(index_path(out), index.model_dump_json(indent=1, exclude_defaults=False) + "\n")
    show_layers(layers, out)
    kept = {layer.folder for layer in layers if layer.folder is not None}
    for path in (out / FOLDER).iterdir():
        if path.is_dir() and f"{FOLDER}/{path.name}" not in kept:
            remove(path)
    if not layers:
        remove(out / FOLDER)


def remove_layers(names: Sequence[str], out: Path) -> list[Layer]:
    """Take layers out of an output folder; returns them.

    Parameters
    ----------
    names
        Ids, titles, files or addresses as `layers list` shows them.
    out
        The output folder.

    Raises
    ------
    UsageError
        When there is no such layer; then none is removed.
    OutputError
        When the folder can't be written, or a run works on it.
    """
    read_record(out)
    with standing(out):
        layers = read_layers(out)
        gone = [_named(name, layers, out) for name in names]
        write_layers([layer for layer in layers if layer not in gone], out)
    return [layer for layer in layers if layer in gone]


def _named(name: str, layers: Sequence[Layer], out: Path) -> Layer:
    matches = [layer for layer in layers if layer.id == name]
    if not matches:
        place = str(Path(name).resolve())
        matches = [
            layer
            for layer in layers
            if name == layer.title or name in layer.sources or place in layer.sources
        ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        ids = ", ".join(layer.id for layer in matches)
        raise UsageError(f"{name}: means several layers of {out}; give one of {ids}")
    there = ", ".join(layer.id for layer in layers) or "none"
    raise UsageError(f"{name}: is no layer of {out}; it has {there}")


def keep_layers(place: Path, stage: Path) -> tuple[Layer, ...]:
    """Take the layers of the run that stands at a place over into the one that replaces it.

    Returns
    -------
    tuple of Layer
        To be shown by `show_layers` once the new catalogues are written.
    """
    if not index_path(place).is_file():
        return ()
    link_tree(place / FOLDER, stage / FOLDER)
    return read_layers(stage)


def _unwritable(out: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(
        f"{out / FOLDER}: can't be written ({reason}); check the folder's rights and free space"
    )
