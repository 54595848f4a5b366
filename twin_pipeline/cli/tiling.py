"""The command tile."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from twin_pipeline.batch import RunSummary, append_tiles, remove_sites, tile_batch
from twin_pipeline.cli.options import Change, How, Telling
from twin_pipeline.cli.running import (
    end,
    pass_on_warnings,
    print_summary,
    record_printed,
    to_place,
)
from twin_pipeline.cli.terminal import TerminalProgress
from twin_pipeline.config import Flags, load_config
from twin_pipeline.errors import UsageError
from twin_pipeline.manifest import sites_given
from twin_pipeline.progress import Progress


def tile(
    scans: Sequence[Path],
    out: Path,
    config_file: Path | None,
    flags: Flags,
    how: How,
    change: Change,
    telling: Telling,
) -> None:
    """Write point tiles, or change which sites there are, and print how many."""
    work = _work(scans, out, config_file, flags, how, change)
    with TerminalProgress(quiet=telling.quiet) as progress:
        with record_printed(as_json=telling.json):
            summary = work(progress)
        pass_on_warnings(summary, progress)
    counts = summary.record["counts"]
    sites = f" of {counts['sites']:,} sites" if counts["sites"] > 1 else ""
    tiles = f" in {counts['tiles']:,} tiles" if "tiles" in counts else ""
    print_summary(summary, f"{counts['points_in']:,} points{sites}{tiles}", as_json=telling.json)
    end(summary)


def _work(
    scans: Sequence[Path],
    out: Path,
    config_file: Path | None,
    flags: Flags,
    how: How,
    change: Change,
) -> Callable[[Progress], RunSummary]:
    if change.remove:
        if scans or change.append:
            raise UsageError("--remove takes sites out: give no scans and no --append beside it")
        return partial(remove_sites, change.remove, out)
    if not scans:
        raise UsageError("give the scans to tile, or --remove SITE; see tile --help")
    config = load_config(config_file, flags=flags)
    sites = sites_given(scans, config)
    call = append_tiles if change.append else tile_batch

    def work(progress: Progress) -> RunSummary:
        return to_place(partial(call, sites), out, config, progress, how)

    return work
