"""The command publish."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from twin_pipeline.cli.failures import GATE_FAILED
from twin_pipeline.cli.table import aligned
from twin_pipeline.cli.terminal import TerminalProgress
from twin_pipeline.config import Flags, Setting, load_config
from twin_pipeline.errors import UsageError
from twin_pipeline.publishing import Published, load_policy
from twin_pipeline.publishing import publish as write_publication
from twin_pipeline.publishing.portal import Change, Portal


@dataclass(frozen=True, slots=True)
class Given:
    """Flags of the command."""

    public_url: str | None
    clip: bool
    reduce: Path | None
    ckan_url: str | None
    ckan_upload: bool

    def settings(self) -> Flags:
        """Return those that stand for configuration keys."""
        if self.public_url is None:
            return {}
        return {("view", "public_url"): Setting(self.public_url, "--public-url")}


def publish(
    outs: Sequence[Path],
    to: Path,
    config_file: Path | None,
    given: Given,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Publish, and print what has changed there."""
    config = load_config(config_file, flags=given.settings())
    policy = None if given.reduce is None else load_policy(given.reduce)
    portal = _portal(given)
    changes: list[Change] = []

    def announce(packages: Sequence[dict[str, Any]]) -> None:
        if portal is not None:
            changes.extend(portal.bring(packages, upload=given.ckan_upload))

    with TerminalProgress(quiet=quiet) as progress:
        done = write_publication(
            outs, to, config, progress, clip=given.clip, policy=policy, announce=announce
        )
    if as_json:
        told = done.to_dict() | {"ckan": [change.to_dict() for change in changes]}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        typer.echo(aligned(_rows(done, changes, given)))
    _end(done)


def _portal(given: Given) -> Portal | None:
    if given.ckan_url is None:
        if given.ckan_upload:
            raise UsageError("--ckan-upload needs --ckan-url, the server to upload to")
        return None
    return Portal.at(given.ckan_url, upload=given.ckan_upload)


def _rows(done: Published, changes: Sequence[Change], given: Given) -> list[tuple[str, str]]:
    count, megabytes = len(done.sites), done.bytes_written / 1e6
    written = f"{done.written} written ({megabytes:.1f} MB)"
    rows = [
        ("published", f"{done.to} ({count} site{'s' if count != 1 else ''})"),
        ("files", f"{written}, {done.kept} kept, {done.removed} removed"),
        ("viewer", f"{done.base_url}index.html"),
        ("STAC", f"{done.base_url}stac/catalog.json"),
        ("DCAT", f"{done.base_url}dcat.jsonld"),
        ("CKAN", f"{done.base_url}ckan.jsonl ({len(done.packages)} packages)"),
    ]
    would = "" if given.ckan_upload else "would "
    rows += [("", f"{would}{change.action} {change.name}") for change in changes]
    if changes and not given.ckan_upload:
        rows.append(("", "nothing was uploaded; give --ckan-upload to do it"))
    return rows


def _end(done: Published) -> None:
    """Exit with an error if sites had to be left out."""
    if done.left_out:
        typer.echo(
            f"twin-pipeline: gate trench boundary failed: {', '.join(done.left_out)} left out, as "
            "no trench boundary tells what --clip may publish of them",
            err=True,
        )
        raise typer.Exit(GATE_FAILED)
