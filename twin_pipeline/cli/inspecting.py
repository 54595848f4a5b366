"""The commands that only look: info, validate and view."""

import json
import signal
import webbrowser
from dataclasses import replace
from pathlib import Path

import typer

from twin_pipeline.cli.failures import GATE_FAILED
from twin_pipeline.cli.options import Reading
from twin_pipeline.errors import InputError
from twin_pipeline.preparing import readable_scan
from twin_pipeline.stages.read import ReadOptions, describe_scan, inspect_scan, sha256_of
from twin_pipeline.validation import validate_output
from twin_pipeline.view import Access, serve

__all__ = ["Access", "info", "validate", "view"]


def info(scan: Path, reading: Reading, *, as_json: bool) -> None:
    """Print what a scan is; fail if its points can't be used."""
    given = reading.pdal_pipeline
    pipeline = None if given is None else str(given)
    options = ReadOptions(salvage=reading.salvage, pdal_pipeline=pipeline)
    with readable_scan(scan, options) as (path, notes):
        found = inspect_scan(path)
    if path != scan:
        size, digest = scan.stat().st_size, sha256_of(scan)
        defects = (*found.defects, *notes)
        found = replace(found, path=scan, file_size=size, sha256=digest, defects=defects)
    typer.echo(json.dumps(found.to_dict(), indent=2) if as_json else describe_scan(found))
    if found.unreadable:
        raise InputError(found.unreadable)


def validate(out: Path, *, as_json: bool) -> None:
    """Print what is wrong with an output folder; exit with GATE_FAILED if anything is."""
    problems = validate_output(out)
    if as_json:
        typer.echo(json.dumps({"valid": not problems, "problems": problems}, indent=2))
    else:
        typer.echo("\n".join(problems) or f"{out}: valid")
    if problems:
        typer.echo(f"twin-pipeline: {out}: {len(problems)} problems found", err=True)
        raise typer.Exit(GATE_FAILED)


def view(out: Path, port: int, access: Access, *, browser: bool) -> None:
    """Serve the viewer until interrupted, its address on the first line of stdout."""
    # Also where a shell has started it in the background, which ignores interrupts.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with serve(out, port, access) as server:
        typer.echo(server.url)
        if browser:
            webbrowser.open(server.url)
        server.serve_until_interrupted()
