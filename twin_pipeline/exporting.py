"""Further attribute formats from a finished run, without the scans."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from twin_pipeline.config import Config
from twin_pipeline.crs import restore
from twin_pipeline.delivering import with_job_file
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.formats import FORMATS, require_formats
from twin_pipeline.export.further import deliver, require_folder, require_place
from twin_pipeline.export.names import EXPORT
from twin_pipeline.export.site_record import NAME, read_site_record
from twin_pipeline.output import SITES, read_record, require_site_name
from twin_pipeline.reporting import REPORT, report_again
from twin_pipeline.stages.nominal import NominalOptions


def read_results(out: Path) -> tuple[SiteResult, ...]:
    """Return the sites of a finished run, in the order in which it had them.

    Raises
    ------
    InputError
        When `out` is no output folder of a run, or a site's record can't be read.
    """
    sites = [site["name"] for site in read_record(out)["sites"]]
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
    config: Config,
    warn: Callable[[str], None],
    *,
    overwrite: bool = False,
) -> list[str]:
    """Write further formats of a finished run into `out`/export, and tell where each is.

    Parameters
    ----------
    out
        Output folder of `run`.
    names
        Formats, or "report"; those of the configuration if empty.
    config
        Its sections `export` and `job` are used.
    warn
        Takes what a user must know of the files.
    overwrite
        Whether the folders of an earlier export may be replaced.

    Raises
    ------
    UsageError
        When a format is unknown, none is given, or what one needs is not there.
    InputError
        When `out` is no output folder of a run, or the job file can't be read.
    OutputError
        When a format's folder can't be written or may not be replaced.
    GeoreferenceError
        When a site's coordinates can't be brought into the system that a format needs.
    """
    wanted = list(dict.fromkeys(names or config.export.formats))
    if not wanted:
        raise UsageError(f"no format was named; give -f with {', '.join((*FORMATS, REPORT))}")
    formats = [name for name in wanted if name != REPORT]
    folder = out / EXPORT
    require_formats(formats, config.export)
    require_place(formats, folder, config.export, overwrite=overwrite)
    if REPORT in wanted:
        require_folder(folder / REPORT, overwrite=overwrite)
    nominal = NominalOptions.model_validate(read_record(out)["config"]["nominal"])
    job = None if config.job.file is None else str(Path(config.job.file).absolute())
    results = with_job_file(read_results(out), job, nominal, warn)
    try:
        written = [
            deliver(name, results, folder, config.export, warn, overwrite=overwrite, job=job)
            for name in formats
        ]
        if REPORT in wanted:
            written.append(str(report_again(out, results, warn, overwrite=overwrite, job=job)))
        return written
    finally:
        with suppress(OSError):
            folder.rmdir()  # if nothing was written


def _records(out: Path) -> Iterator[SiteResult]:
    for path in sorted((out / SITES).glob(f"*/{NAME}")):
        result = read_site_record(path, restore)
        require_site_name(result.survey.site, path)
        yield result
