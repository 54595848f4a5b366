"""The command run, and what other commands that write an output folder share with it."""

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import typer

from twin_pipeline.batch import RunSummary, run_batch
from twin_pipeline.cli.failures import FAILED, GATE_FAILED, has_written
from twin_pipeline.cli.options import How, Telling
from twin_pipeline.cli.table import aligned, pipe_table
from twin_pipeline.cli.terminal import TerminalProgress
from twin_pipeline.cluster import Resources
from twin_pipeline.config import Config, Flags, load_config
from twin_pipeline.crs import Decision
from twin_pipeline.errors import AllFailedError, GeoreferenceError, Interrupted
from twin_pipeline.manifest import sites_given
from twin_pipeline.output import require_free, shown
from twin_pipeline.preparing import readable_scan
from twin_pipeline.progress import Progress
from twin_pipeline.registration import Control
from twin_pipeline.remote import Store, address_of, forget, local_place, reserved
from twin_pipeline.site import Site, require_scans, sites_of
from twin_pipeline.siting import Box, bounds, corners, locate, registered, require_targets
from twin_pipeline.stages.read import inspect_scan

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def run(
    scans: Sequence[Path],
    out: Path,
    config_file: Path | None,
    flags: Flags,
    how: How,
    telling: Telling,
) -> None:
    """Run the pipeline and print the pipes; exit with GATE_FAILED if a gate failed."""
    from twin_pipeline.cli.compilation import begin_compilation, compile_all, remember_compilation
    from twin_pipeline.picturing import require_picture_places

    config = load_config(config_file, flags=flags)
    sites = sites_of(sites_given(scans, config), config)
    if not (how.overwrite or how.resume):
        require_picture_places((site.name for site in sites), config)
    with TerminalProgress(quiet=telling.quiet) as progress:
        if len(sites) > 1:
            compile_all(progress)
        else:
            begin_compilation(progress)
        with record_printed(as_json=telling.json):
            summary = to_place(partial(run_batch, sites), out, config, progress, how)
        pass_on_warnings(summary, progress)
    remember_compilation()
    print_summary(summary, pipe_table(summary.results), as_json=telling.json)
    end(summary)


def to_place(
    work: Callable[..., RunSummary],
    out: Path,
    config: Config,
    progress: Progress,
    how: How,
) -> RunSummary:
    """Do the work into a folder, or by way of a folder of this machine into object storage."""
    address = address_of(out)
    if address is None:
        summary = work(out, config, progress, **_arguments(how))
        has_written(out)
        return summary
    store, place = Store.at(address), local_place(address)
    with reserved(address):
        store.require_free(overwrite=how.overwrite, resume=how.resume)
        if how.resume:
            store.fetch(place, progress)
        else:
            forget(address)
        summary = work(place, config, progress, **_arguments(how))
        try:
            store.publish(place, progress)
        except KeyboardInterrupt as error:
            raise Interrupted(
                f"interrupted on the way to {store.name}; --resume goes on from there"
            ) from error
        forget(address)
    has_written(store.name)
    return replace(summary, out=store.name)


def _arguments(how: How) -> dict[str, Any]:
    """Return flags as `run_batch` takes them."""
    resources = Resources(how.jobs, how.scheduler)
    return {"overwrite": how.overwrite, "resume": how.resume, "resources": resources}


def check(scan: Path, config_file: Path | None, flags: Flags, telling: Telling) -> None:
    """Print what was checked, a line each; exit with GATE_FAILED if anything failed.

    A place that can't be true ends as it would in `run`.
    """
    from twin_pipeline.checking import check_scan
    from twin_pipeline.cli.compilation import begin_compilation, remember_compilation
    from twin_pipeline.picturing import require_picture_places

    config = load_config(config_file, flags=flags)
    require_picture_places([scan.stem], config)
    with TerminalProgress(quiet=telling.quiet) as progress:
        begin_compilation(progress)
        progress.site(scan.stem, 1, 1)
        items = check_scan(scan, config, progress)
    remember_compilation()
    failed = sum(not item.passed for item in items)
    doubted = any(not item.passed and item.kind == "place" for item in items)
    if telling.json:
        found = {"passed": not failed, "items": [item.to_dict() for item in items]}
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        rows = [("ok" if item.passed else "FAILED", item.told()) for item in items]
        typer.echo(aligned(rows))
    if failed:
        typer.echo(f"twin-pipeline: {scan}: {failed} of {len(items)} checks failed", err=True)
        raise typer.Exit(GeoreferenceError.exit_code if doubted else GATE_FAILED)


@contextmanager
def record_printed(*, as_json: bool) -> Iterator[None]:
    """Print what there is to tell even where nothing is written."""
    try:
        yield
    except AllFailedError as error:
        if as_json:
            typer.echo(json.dumps(error.record, indent=2))
        raise


def announce(
    scans: Sequence[Path], out: Path, config_file: Path | None, flags: Flags, how: How
) -> None:
    """Print what `run` would do, after the checks that need no pass over the points."""
    config = load_config(config_file, flags=flags)
    sites = sites_of(sites_given(scans, config), config)
    for site in sites:
        require_scans(site)
    require_targets(len(sites), config)
    inputs = [scan for site in sites for scan in site.scans]
    require_free(out, overwrite=how.overwrite or how.resume, inputs=inputs)
    typer.echo(aligned(_plan(sites, out, config)))


def _plan(sites: Sequence[Site], out: Path, config: Config) -> Iterable[tuple[str, str]]:
    for name, scan in [(site.name, scan) for site in sites for scan in site.scans]:
        with readable_scan(scan, config.read) as (path, _):
            info = replace(inspect_scan(path, full=False), path=scan)
        georeference = locate(info, config)
        for warning in georeference.warnings:
            typer.echo(f"warning: {warning}", err=True)
        yield "read", f"{scan} ({info.point_count:,} points)"
        yield "", f"as site {name}, {_system(georeference.decisions)}"
        if (control := registered(scan, config)) is not None:
            yield "", f"moved onto {control.summary()}"
            for odd in _speaking_against(control, bounds(info, config)):
                typer.echo(f"warning: {shown(scan)}: {odd}", err=True)
    yield ("replace" if (out / "run.json").exists() else "write"), str(out)


def _speaking_against(control: Control, box: Box) -> Iterator[str]:
    """Yield the gates of a registration that a run would fail, and what is odd about it."""
    yield from control.warnings()
    for gate in control.gates(corners(box)):
        if not gate.passed:
            yield f"gate {gate.name}: {gate.detail}"


def _system(decisions: Mapping[str, Decision]) -> str:
    return ", ".join(f"{key} {made.value} ({made.source})" for key, made in decisions.items())


_PLACES_TOLD = 5
_ALIKE = 3
"""Up to so many warnings that differ in their scan only are all told."""


def pass_on_warnings(summary: RunSummary, progress: TerminalProgress) -> None:
    """Tell the run's warnings; what holds of many sites alike, but for numbers, is told once."""
    names = {Path(scan["path"]).name for scan in summary.record["inputs"]}
    alike: dict[str, list[str]] = {}
    for warning in summary.record["warnings"]:
        where = f"{warning['site']}: " if warning["site"] else ""
        head, _, rest = str(warning["message"]).partition(": ")
        key = _NUMBER.sub("#", rest if head in names else warning["message"])
        alike.setdefault(key, []).append(f"{where}{warning['message']}")
    for told in alike.values():
        if len(told) > _ALIKE:
            told[:] = [f"{told[0]} (and {len(told) - 1} more alike, see run.json)"]
        for message in told:
            progress.note(f"warning: {message}")


def print_summary(summary: RunSummary, text: str, *, as_json: bool) -> None:
    """Print a finished run: its record, or what there is to say of it and where it lies."""
    if as_json:
        typer.echo(json.dumps(summary.record, indent=2))
        return
    typer.echo(f"{text}\n")
    sites = summary.record.get("sites", [])
    for site in sites[:_PLACES_TOLD]:
        if where := (site.get("crs") or {}).get("where"):
            typer.echo(f"place    {_named(site, sites)}{where}")
    typer.echo(f"outputs  {summary.out}")
    if isinstance(summary.out, Path):
        typer.echo(f"viewer   {_program()} view {shlex.quote(str(summary.out))}")


def _named(site: Mapping[str, Any], sites: Sequence[Any]) -> str:
    return f"{site['name']}: " if len(sites) > 1 else ""


def _program() -> str:
    """Return how to call this program again from the same folder."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m twin_pipeline"
    found = shutil.which(called.name)
    known = found is not None and called.exists() and Path(found).samefile(called)
    return called.name if known else shlex.quote(str(called))


def end(summary: RunSummary) -> None:
    """Exit with an error if a site or a gate has failed."""
    for gate in summary.failed_gates:
        where = f"{gate['site']}: " if gate["site"] else ""
        typer.echo(f"twin-pipeline: {where}gate {gate['name']} failed: {gate['detail']}", err=True)
    failed = summary.failed_sites
    if failed:
        total = len(failed) + len(summary.results)
        typer.echo(
            f"twin-pipeline: {len(failed)} of {total} sites failed; run.json says why and what to "
            "do, --resume then does only them",
            err=True,
        )
        raise typer.Exit(FAILED)
    if summary.failed_gates:
        raise typer.Exit(GATE_FAILED)
