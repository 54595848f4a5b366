"""The command overview."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from twin_pipeline.cli.table import aligned
from twin_pipeline.cli.terminal import TerminalProgress
from twin_pipeline.config import load_config
from twin_pipeline.errors import UsageError
from twin_pipeline.network import Wanted
from twin_pipeline.network import overview as write_overview

_URL = re.compile(r"https?://[^\s\"<>#]+")


def overview(
    outs: Sequence[Path],
    out: Path,
    config_file: Path | None,
    thresholds_m: Sequence[float],
    viewer_url: str | None,
    *,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the overview, and print its main figures."""
    cover = load_config(config_file).cover
    limits_m = sorted(set(thresholds_m or (cover.least_m, cover.regular_m)))
    if limits_m[0] <= 0:
        raise UsageError(f"--threshold {limits_m[0]:g}: is no cover; give metres above 0")
    if viewer_url is not None and not _URL.fullmatch(viewer_url):
        raise UsageError(f"--viewer-url {viewer_url}: is no http:// or https:// address")
    wanted = Wanted(tuple(limits_m), viewer_url)
    with TerminalProgress(quiet=quiet) as progress:
        done = write_overview(outs, out, wanted, progress, overwrite=overwrite)
    if as_json:
        typer.echo(json.dumps(done.record, indent=1, ensure_ascii=False))
    else:
        typer.echo(aligned(_rows(done.record, done.page)))


def _rows(record: Mapping[str, Any], page: Path) -> list[tuple[str, str]]:
    totals, cover = record["totals"], record["cover"]
    counts = f"{totals['pipes']:,} pipes of {totals['sites']:,} sites"
    rows = [("network", f"{totals['length_km']:,.3f} km, {counts}")]
    for row in cover["under"]:
        held = f"{row['share']:.1%} ({row['length_km']:,.3f} km)"
        rows.append(("cover", f"{held} not more than {row['limit_m']:g} m"))
    return [*rows, ("worst", f"{len(record['worst'])} places"), ("page", str(page))]
