"""Lets a site be run whatever format its scans have: what isn't sound LAS is rewritten before."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from twin_pipeline.config import Config
from twin_pipeline.durable.files import remove
from twin_pipeline.durable.scratch import scratch
from twin_pipeline.errors import TwinPipelineError
from twin_pipeline.outcome import SiteOutcome
from twin_pipeline.site import Site, require_scan, site_of
from twin_pipeline.stages.read import ReadOptions, convert, needs_conversion, sha256_of


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A site whose scans can be read, and how to tell of them by the names that the user knows."""

    site: Site
    originals: Mapping[Path, Path]
    """By the rewritten scan, the one that was given."""
    notes: tuple[str, ...]

    def told(self, outcome: SiteOutcome) -> SiteOutcome:
        """Return an outcome that names the scans that were given, with their hashes."""
        if not self.originals:
            return outcome
        words: dict[str, str] = {}
        inputs = []
        for scan in outcome.inputs:
            original = self.originals.get(Path(scan.path))
            if original is None:
                inputs.append(scan)
                continue
            digest = sha256_of(original)
            words |= {Path(scan.path).name: original.name, scan.sha256: digest}
            inputs.append(replace(scan, path=str(original), sha256=digest))
        stated = {k: _reworded(v, words) for k, v in outcome.result.provenance.items()}
        return replace(
            outcome,
            result=replace(outcome.result, provenance=stated),
            inputs=tuple(inputs),
            warnings=(*(_reworded(w, words) for w in outcome.warnings), *self.notes),
        )


@contextmanager
def prepared(site: Site, folder: Path) -> Iterator[Prepared]:
    """Yield a site whose scans are sound LAS or LAZ; what is rewritten lies below `folder`.

    Errors inside name the scans that were given.

    Raises
    ------
    InputError
        When a scan can't be read.
    UsageError
        When what is needed to read it is not installed.
    """
    options = site.config.read
    scans, originals, notes = [], {}, []
    try:
        for number, scan in enumerate(site.scans):
            if not needs_conversion(scan, options):
                scans.append(scan)
                continue
            place = folder / str(number)
            place.mkdir(parents=True)
            rewritten = place / f"{scan.stem}.las"
            notes += [f"{scan.name}: {note}" for note in convert(scan, rewritten, options)]
            scans.append(rewritten)
            originals[rewritten] = scan
        yield Prepared(replace(site, scans=tuple(scans)), originals, tuple(notes))
    except TwinPipelineError as error:
        if not originals:
            raise
        words = {str(mine): str(given) for mine, given in originals.items()}
        words |= {mine.name: given.name for mine, given in originals.items()}
        error.args = (_reworded(str(error), words),)
        raise
    finally:
        remove(folder)


@contextmanager
def readable_scan(scan: Path, options: ReadOptions) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield a scan as sound LAS or LAZ, itself or rewritten, with notes on how; see `prepared`."""
    require_scan(scan)
    site = site_of(scan, Config(read=options))
    with (
        scratch() as folder,
        prepared(site, folder / "rewritten") as ready,
    ):
        yield ready.site.scan, ready.notes


def _reworded(text: str, words: Mapping[str, str]) -> str:
    for mine, given in words.items():
        text = text.replace(mine, given)
    return text
