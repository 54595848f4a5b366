"""Further attribute formats from a finished run, without the scans."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from twin_pipeline.crs import restore
from twin_pipeline.errors import InputError
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.formats import require_formats
from twin_pipeline.export.further import EXPORT, write_format
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.site_record import NAME, read_site_record
from twin_pipeline.output import RECORD, SITES


def read_results(out: Path) -> tuple[SiteResult, ...]:
    """Return the sites of a finished run, in the order in which it had them.

    Raises
    ------
    InputError
        When `out` is no output folder of a run, or a site's record can't be read.
    """
    sites = [site["name"] for site in _run_record(out)["sites"]]
    found = {result.survey.site: result for result in _records(out)}
    missing = [site for site in sites if site not in found]
    if missing:
        raise InputError(
            f"{out}: has no {NAME} of site {missing[0]}; only the output of `run` can be exported, "
            "and of a version that writes them: run the scans again"
        )
    return tuple(found[site] for site in sites)


def export(
    out: Path,
    names: Sequence[str],
    options: ExportOptions,
    warn: Callable[[str], None],
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Write further formats of a finished run into `out`/export and return their folders.

    Raises
    ------
    UsageError
        When a format is unknown or what it needs is not installed.
    InputError
        When `out` is no output folder of a run.
    OutputError
        When a format's folder can't be written or may not be replaced.
    GeoreferenceError
        When a site's coordinates can't be brought into the system that a format needs.
    """
    require_formats(names, options)
    results = read_results(out)
    folder = out / EXPORT
    try:
        return [
            write_format(name, results, folder / name, options, warn, overwrite=overwrite)
            for name in dict.fromkeys(names)
        ]
    finally:
        with suppress(OSError):
            folder.rmdir()  # if nothing was written


def _records(out: Path) -> Iterator[SiteResult]:
    for path in sorted((out / SITES).glob(f"*/{NAME}")):
        yield read_site_record(path, restore)


def _run_record(out: Path) -> dict[str, Any]:
    path = out / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: can't be read ({error.strerror}); give the output folder of a finished run"
        ) from error
    except ValueError as error:
        raise InputError(f"{path}: is no JSON ({error}); run the scans again") from error
    if not isinstance(record, dict) or not isinstance(record.get("sites"), list):
        raise InputError(f"{path}: is no record of a run; run the scans again")
    return record
