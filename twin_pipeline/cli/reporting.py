"""The command that tells how far a run is."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import typer

from twin_pipeline.cli.table import aligned
from twin_pipeline.errors import InputError
from twin_pipeline.remote import Store, address_of, local_place, shown, who_works
from twin_pipeline.standing import Standing, standing_from, standing_of

_BEGINNING = Standing("running", 0, [], [])


def status(out: Path, *, as_json: bool) -> None:
    """Print what a run at `out` has done."""
    address = address_of(out)
    found = standing_of(out) if address is None else _standing_at(address)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    else:
        typer.echo(aligned(_rows(found)))


def _standing_at(address: str) -> Standing:
    """Return how far a run into object storage is: it is made here, and finished there."""
    worker = who_works(address)
    found = _made_here(address)
    if found is None and worker is not None:
        return replace(_BEGINNING, holder=worker)
    if found is not None:
        ended = found.state == "finished"
        return _uploading(found, worker) if ended else replace(found, holder=worker)
    record = Store.at(address).record()
    if record is None:
        raise InputError(
            f"{shown(address)}: no finished run is there, and none was begun from this machine"
        )
    return standing_from(record)


def _made_here(address: str) -> Standing | None:
    """Return how far a run is on this machine; None before it has begun and after the upload."""
    with suppress(InputError):
        return standing_of(local_place(address))
    return None


def _uploading(found: Standing, worker: str | None) -> Standing:
    """Return how far a run is whose folder is whole, but on this machine still."""
    if worker is not None:
        return replace(found, state="uploading", holder=worker)
    advice = "it is whole on this machine only: give the same command again with --resume"
    return replace(found, state="interrupted", advice=advice)


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
