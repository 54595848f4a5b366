"""Writes further formats, each into a folder of its own that appears complete or not at all."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twin_pipeline import __version__
from twin_pipeline.crs import Target
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.dataset import Dataset, grouped
from twin_pipeline.export.files import write_text
from twin_pipeline.export.formats import FORMATS, Loader, Space, Writer, profile_of, target_for
from twin_pipeline.export.names import MANIFEST
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.withheld import NOTHING, Withheld
from twin_pipeline.output import output_folder, require_free

Groups = dict[Target, tuple[SiteResult, ...]]
"""Sites by the system that they are written in."""


def write_format(
    name: str,
    results: Sequence[SiteResult],
    folder: Path,
    options: ExportOptions,
    warn: Callable[[str], None],
    *,
    overwrite: bool = False,
    withheld: Withheld = NOTHING,
    job: str | None = None,
) -> Path:
    """Write one format into `folder`; where sites need several systems, into a folder each.

    Parameters
    ----------
    name
        A name of `FORMATS`.
    results
        The sites.
    folder
        Where to write; complete afterwards, or as it was if anything raises.
    options
        Section `export` of the configuration.
    warn
        Takes what a user must know of the files.
    overwrite
        Whether a folder of an earlier export may be replaced.
    withheld
        What the files are not to hold, for formats that write the schema's tables.
    job
        File whose facts the results hold; noted, so that the export can be made anew.

    Raises
    ------
    OutputError
        When the folder can't be written or may not be replaced.
    GeoreferenceError
        When a site's coordinates can't be brought into the system that the format needs.
    """
    format_ = FORMATS[name]
    write: Writer = format_.load()
    groups = grouped(results, target_for(format_.space, options))
    asked = {"options": _noted(options), "job": job}
    with format_folder(name, groups, folder, asked, overwrite=overwrite) as staging:
        for target, members in groups.items():
            place = staging if len(groups) == 1 else staging / _folder_name(target, groups)
            place.mkdir(exist_ok=True)
            write(Dataset(members, target, options, warn, withheld), place)
    return folder


@contextmanager
def format_folder(
    name: str, groups: Groups, folder: Path, asked: Mapping[str, Any], *, overwrite: bool = False
) -> Iterator[Path]:
    """Yield an empty folder that becomes `folder`, with a manifest, if nothing raises.

    The manifest says too what was `asked` for, so that it can be made anew.

    Raises
    ------
    OutputError
        When the folder can't be written or may not be replaced.
    """
    with output_folder(folder, overwrite=overwrite, record=MANIFEST) as staging:
        yield staging
        _write_manifest(name, groups, staging, asked)


def deliver(
    name: str,
    results: Sequence[SiteResult],
    folder: Path,
    options: ExportOptions,
    warn: Callable[[str], None],
    *,
    overwrite: bool = False,
    job: str | None = None,
) -> str:
    """Write one format into a folder of `folder`, or load it, and tell where it is."""
    if is_loaded(name):
        loader: Loader = FORMATS[name].load()
        return loader(results, options, warn)
    place = folder / folder_for(name, options)
    return str(write_format(name, results, place, options, warn, overwrite=overwrite, job=job))


def require_place(
    names: Sequence[str], folder: Path, options: ExportOptions, *, overwrite: bool
) -> None:
    """Raise OutputError unless each format may be written, before any of them is."""
    for name in names:
        if not is_loaded(name):
            require_folder(folder / folder_for(name, options), overwrite=overwrite)


def require_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise OutputError unless a format's folder may be written."""
    require_free(folder, overwrite=overwrite, record=MANIFEST)


def is_loaded(name: str) -> bool:
    """Tell whether a format goes into a database instead of a folder."""
    return FORMATS[name].space is Space.DATABASE


def folder_for(name: str, options: ExportOptions) -> str:
    """Return the name of a format's folder; profiles have one each."""
    return f"{name}-{profile_of(options).name}" if name == "profile" else name


def _folder_name(target: Target, groups: Groups) -> str:
    """Return a name for the files of one system, told apart where two look alike."""
    names = [re.sub(r"\W+", "_", group.name) for group in groups]
    number = list(groups).index(target)
    return names[number] if names.count(names[number]) == 1 else f"{names[number]}_{number + 1}"


def _noted(options: ExportOptions) -> dict[str, Any]:
    """Return the options that files depend on, readable from any folder."""
    noted = options.model_dump(mode="json", exclude={"formats", "dsn"})
    if options.profile is not None and Path(options.profile).is_file():
        noted["profile"] = str(Path(options.profile).absolute())
    return noted


def _write_manifest(
    name: str,
    groups: Groups,
    folder: Path,
    asked: Mapping[str, Any],
) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = {
        "format": name,
        "software": f"twin_pipeline {__version__}",
        **asked,
        "systems": [
            {
                "crs": target.name,
                "heights": target.vertical_name,
                "sites": [result.survey.site for result in members],
            }
            for target, members in groups.items()
        ],
        "files": [
            {
                "path": path.relative_to(folder).as_posix(),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in files
        ],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2)
    write_text(folder / MANIFEST, text + "\n")
