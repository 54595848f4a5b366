"""The commands that only look: info, validate and view."""

import json
import signal
import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from twin_pipeline.cli.failures import GATE_FAILED
from twin_pipeline.config import Flags, load_config
from twin_pipeline.errors import InputError
from twin_pipeline.preparing import readable_scan
from twin_pipeline.siting import Standing, standing
from twin_pipeline.stages.read import describe_scan, inspect_scan, sha256_of
from twin_pipeline.validation import validate_output
from twin_pipeline.view import Access, serve

__all__ = ["Access", "info", "validate", "view"]


def info(scan: Path, config_file: Path | None, flags: Flags, *, as_json: bool) -> None:
    """Print what a scan is and whether its place can be true; fail if its points can't be used."""
    config = load_config(config_file, flags=flags)
    with readable_scan(scan, config.read) as (path, notes):
        found = inspect_scan(path)
    if path != scan:
        size, digest = scan.stat().st_size, sha256_of(scan)
        defects = (*found.defects, *notes)
        found = replace(found, path=scan, file_size=size, sha256=digest, defects=defects)
    placed = None if found.unreadable else standing(found, config)
    if as_json:
        typer.echo(json.dumps(found.to_dict() | {"place": _as_dict(placed)}, indent=2))
    else:
        typer.echo(describe_scan(found, _place(placed)))
    if found.unreadable:
        raise InputError(found.unreadable)


def _place(placed: Standing | None) -> tuple[str, ...]:
    return () if placed is None else (placed.summary(), *placed.warnings)


def _as_dict(placed: Standing | None) -> dict[str, Any] | None:
    if placed is None:
        return None
    georeference = placed.georeference
    return {
        "finding": placed.summary(),
        "doubted": placed.doubted,
        "established": georeference is not None,
        "reference": None if georeference is None else georeference.describe(),
        "warnings": list(placed.warnings),
    }


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
