"""The command that tells how far a run is."""

import json
from pathlib import Path

import typer

from twin_pipeline.cli.table import aligned
from twin_pipeline.remote import address_of, local_place
from twin_pipeline.standing import Standing, standing_of


def status(out: Path, *, as_json: bool) -> None:
    """Print what a run at `out` has done."""
    address = address_of(out)
    found = standing_of(out if address is None else local_place(address))
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    else:
        typer.echo(aligned(_rows(found)))


def _rows(found: Standing) -> list[tuple[str, str]]:
    rows = [("state", found.state + (f", {found.holder}" if found.holder else ""))]
    if found.started_at:
        rows.append(("started", found.started_at))
    rows.append(("sites", f"{len(found.done)} of {found.total} done, {len(found.failed)} failed"))
    rows += [("", f"{site}: {stage}") for site, stage in found.running.items()]
    rows += [("failed", f"{failure['site']}: {failure['reason']}") for failure in found.failed]
    if found.advice:
        rows.append(("next", found.advice))
    return rows
