"""Adding one layer: its source is read into a folder of its own, which then gets its place."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from twin_pipeline.durable.scratch import scratch
from twin_pipeline.durable.work import standing
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.layers.ask import UnreachableError, ask
from twin_pipeline.layers.folder import new_folder, place_folder, read_layers, write_layers
from twin_pipeline.layers.legend import COLOURS
from twin_pipeline.layers.look import look_at, service_kind
from twin_pipeline.layers.place import sites_of_output
from twin_pipeline.layers.read import Made, read_file, read_rasters
from twin_pipeline.layers.record import Frame, Layer
from twin_pipeline.layers.sniff import Form, form_of
from twin_pipeline.layers.text import identifier, is_address, plain, title_of
from twin_pipeline.layers.wanted import Context, Wanted
from twin_pipeline.progress import Progress

_MOST_DOWNLOAD = 1 << 30
_UNSHOWN = {"sources", "title", "hidden", "ask", "opacity", "attribution", "licence"}


def add_layer(wanted: Wanted, out: Path, progress: Progress) -> tuple[Layer, bool]:
    """Add a layer to a finished output folder; one from the same source is replaced.

    Parameters
    ----------
    wanted
        What to add and how.
    out
        The output folder; as it was if anything raises.
    progress
        Told what is going on.

    Returns
    -------
    tuple
        The layer, and whether anything has changed.

    Raises
    ------
    UsageError
        When flags make no sense or leave open what is meant.
    InputError
        When a source can't be read, or is not what it says.
    GeoreferenceError
        When it isn't known where the data lies, or it can't lie there.
    OutputError
        When the folder can't be written, or a run works on it.
    """
    _require_sound(wanted)
    sites = sites_of_output(out)
    with standing(out):
        layers = read_layers(out)
        sources = _sources(wanted.sources)
        before = next((layer for layer in layers if layer.sources == sources), None)
        title = title_of(wanted.title, wanted.sources[0])
        taken = {layer.id for layer in layers if layer is not before}
        name = before.id if before is not None else identifier(title, taken)
        used = {layer.colour for layer in layers if layer is not before}
        colour = next((c for c in COLOURS if c not in used), COLOURS[len(layers) % len(COLOURS)])
        if before is not None and before.colour is not None:
            colour = before.colour
        context = Context(wanted, sites, wanted.sources[0], colour, progress)
        with new_folder(out) as folder:
            common = {"id": name, "title": title, "sources": sources} | _stated(wanted)
            if _is_service(wanted):
                layer = _service(context, common)
            else:
                layer = _from_files(context, folder, out, common)
            if layer == before:
                return layer, False
            others = [layer if other is before else other for other in layers]
            write_layers(others if before is not None else [*layers, layer], out)
    return layer, True


def _require_sound(wanted: Wanted) -> None:
    if not wanted.sources:
        raise UsageError("give a file or an address to add")
    if not 0.0 < wanted.opacity <= 1.0:
        raise UsageError(f"--opacity {wanted.opacity}: must be above 0 and at most 1")
    if wanted.value_range is not None and not wanted.value_range[0] < wanted.value_range[1]:
        low, high = wanted.value_range
        raise UsageError(f"--range {low:g},{high:g}: the first must be less than the second")
    if wanted.levels is not None and not 0 <= wanted.levels[0] <= wanted.levels[1] <= 24:
        raise UsageError(f"--levels {wanted.levels[0]}-{wanted.levels[1]}: must rise, within 0-24")
    if len(wanted.sources) > 1 and any(is_address(source) for source in wanted.sources):
        raise UsageError("give one address at a time: only rasters can be dates of one layer")


def _sources(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(s if is_address(s) else str(Path(s).resolve()) for s in given)


def _stated(wanted: Wanted) -> dict[str, Any]:
    """Return what the flags say of the layer, with texts as viewers may show them."""
    found: dict[str, Any] = {"opacity": wanted.opacity, "shown": not wanted.hidden}
    for flag, text in (("attribution", wanted.attribution), ("licence", wanted.licence)):
        if text is not None:
            found[flag] = plain(text, f"--{flag}", "give a plain text")
    if wanted.unit is not None:
        found["unit"] = plain(wanted.unit, "--unit", "give a plain text")
    settings = {
        name: str(value)
        for name in wanted.__slots__
        if name not in _UNSHOWN and (value := getattr(wanted, name)) not in (None, False, ())
    }
    return found | {"settings": settings}


def _is_service(wanted: Wanted) -> bool:
    source = wanted.sources[0]
    return is_address(source) and service_kind(source, wanted.kind) != "file"


def _service(context: Context, common: dict[str, Any]) -> Layer:
    address = context.source
    context.progress.stage("ask")
    found = look_at(service_kind(address, context.wanted.kind), context)
    known = {
        name: None if text is None else plain(text, f"{address}: its {name}", f"give --{name}")
        for name, text in (("attribution", found.attribution), ("licence", found.licence))
    }
    if context.wanted.title is None and found.title is not None:
        common = common | {"title": title_of(found.title, address)}
    return Layer(
        kind=found.kind,
        format=found.format,
        url=found.url,
        bounds=found.bounds,
        min_level=found.min_level,
        max_level=found.max_level,
        subdomains=found.subdomains,
        wms_layers=found.wms_layers,
        image_format=found.image_format,
        origins=found.origins,
        notes=found.notes,
        **({k: v for k, v in known.items() if v is not None} | common),
    )


def _from_files(context: Context, folder: Path, out: Path, common: dict[str, Any]) -> Layer:
    with _local(context.wanted.sources) as files:
        digests = tuple(_sha256(path) for path in files)
        made = _read(files, folder, context, common["title"])
    place, contents = place_folder(folder, out, common["id"])
    frames = tuple(Frame(time=time, url=f"{place}/{url}") for time, url in made.frames)
    facts = made.facts | {"rasters": tuple(f"{place}/{path}" for path in made.rasters)}
    return Layer(
        url=f"{place}/{made.url}",
        frames=frames,
        folder=place,
        contents=contents,
        inputs_sha256=digests,
        **(facts | common),
    )


def _read(files: Sequence[Path], folder: Path, context: Context, title: str) -> Made:
    forms = [form_of(p, shown) for p, shown in zip(files, context.wanted.sources, strict=True)]
    if all(form is Form.GEOTIFF for form in forms):
        return read_rasters(files, folder, context, title)
    if len(files) > 1:
        raise UsageError(
            "several files can be one layer only where all are GeoTIFFs with dates; add others one "
            "at a time"
        )
    return read_file(files[0], forms[0], folder, context, title)


@contextmanager
def _local(sources: Sequence[str]) -> Iterator[list[Path]]:
    """Yield the files, one at an address brought here for the time."""
    if not is_address(sources[0]):
        yield [Path(source) for source in sources]
        return
    address = sources[0]
    try:
        answer = ask(address, _MOST_DOWNLOAD)
    except UnreachableError as error:
        raise InputError(
            f"{address}: can't be fetched ({error}); check address and network"
        ) from error
    with scratch() as folder:
        name = PurePosixPath(unquote(urlsplit(address).path)).name.replace("/", "_") or "file"
        path = folder / ("source" + Path(name).suffix.lower()[:10])
        path.write_bytes(answer.body)
        yield [path]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); check the path") from error
