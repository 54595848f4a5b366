"""Publishes finished runs: pieces first, then the index files; then the old is removed."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin_pipeline.config import Config
from twin_pipeline.durable.scratch import scratch
from twin_pipeline.errors import InputError, OutputError, UsageError
from twin_pipeline.progress import Progress
from twin_pipeline.publication.ckan import ckan_packages
from twin_pipeline.publication.licences import licence_of
from twin_pipeline.publishing.assemble import Assembled, Wanted, assemble
from twin_pipeline.publishing.pieces import manifest_of
from twin_pipeline.publishing.place import Place, opened
from twin_pipeline.publishing.policy import Policy
from twin_pipeline.publishing.site import ReadySite, ready
from twin_pipeline.publishing.sources import Runs, read_runs
from twin_pipeline.remote import address_of

MANIFEST = "publication.json"
"""Written last; who finds it finds a whole publication."""
MARKER = ".twin-pipeline-unfinished"
"""Says that an unfinished publication is ours."""

_FORMAT = 1
_OURS = re.compile(r"(data|viewer)/[0-9a-f]{16}/.+|stac/.+\.json|catalog/sites-\d+(\.tokyo)?\.json")
"""Names that only this program makes."""


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """What was published."""

    to: str
    base_url: str
    sites: tuple[str, ...]
    left_out: tuple[str, ...]
    """Sites that have no trench boundary to clip to."""
    written: int
    """Files that were new or have changed."""
    kept: int
    """Files that were there already."""
    removed: int
    bytes_written: int
    packages: tuple[dict[str, Any], ...]
    """Of CKAN."""
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "to": self.to,
            "base_url": self.base_url,
            "sites": list(self.sites),
            "left_out": list(self.left_out),
            "files_written": self.written,
            "files_kept": self.kept,
            "files_removed": self.removed,
            "bytes_written": self.bytes_written,
            "packages": [package["name"] for package in self.packages],
            "warnings": list(self.warnings),
        }


def publish(
    outs: Sequence[Path],
    to: Path,
    config: Config,
    progress: Progress,
    *,
    clip: bool = False,
    policy: Policy | None = None,
    announce: Callable[[Sequence[dict[str, Any]]], None] | None = None,
) -> Published:
    """Publish finished runs as a static dataset.

    Whoever reads an index file of the former publication finds all that it leads to, until the new
    index files are there; only then is removed what they no longer lead to.

    Parameters
    ----------
    outs
        Output folders of `run`.
    to
        A folder, or an address such as s3://bucket/folder.
    config
        Its sections `publish` and `view` are used.
    progress
        Told what is going on.
    clip
        Whether to publish only what lies inside the trench boundaries.
    policy
        What is kept back; None for nothing.
    announce
        Told the packages of CKAN once the new publication is there, before the old is removed.

    Raises
    ------
    InputError
        When a run can't be read, or no site is left to publish.
    OutputError
        When `to` holds something else, or can't be written.
    UsageError
        When two runs have a site of the same name, or the licence is unknown.
    """
    base_url = config.view.base_url or _own_address(to)
    wanted = Wanted(config.publish, base_url, clip, policy or Policy())
    warnings = [*_unstated(config, base_url)]
    licence_of(config.publish)
    _require_apart(outs, to)
    runs = read_runs(outs)
    with opened(to) as place, _workshop(to) as folder:
        _require_ours(place)
        sites, left_out = _ready(runs, wanted, Path(folder) / "tiles", progress)
        progress.stage("assemble")
        made = assemble(runs, sites, wanted, Path(folder), warnings.append)
        counts = _put(place, made, progress, announce)
    for warning in warnings:
        progress.note(f"warning: {warning}")
    return Published(
        to=place.address,
        base_url=base_url,
        sites=tuple(site.name for site in sites),
        left_out=left_out,
        packages=tuple(ckan_packages(made.told)),
        warnings=tuple(warnings),
        **counts,
    )


@contextmanager
def _workshop(to: Path) -> Iterator[str]:
    """Yield an empty folder for what is made anew: beside the place, where there is room for it."""
    beside = to.resolve().parent if address_of(to) is None else None
    with scratch(beside, ".publishing-" if beside else "twin-pipeline-") as folder:
        yield str(folder)


def _own_address(to: Path) -> str:
    """Return the address under which only whoever sees the place itself finds it."""
    address = address_of(to)
    return (to.resolve().as_uri() if address is None else address).rstrip("/") + "/"


def _unstated(config: Config, base_url: str) -> list[str]:
    """Return what users of the data will miss."""
    missing = []
    if not config.view.base_url:
        missing.append(
            f"catalogues lead to {base_url}: give --public-url, the address where others find it"
        )
    if config.publish.licence is None:
        missing.append(
            "no licence is stated, so nobody may use the data: give publish.licence in the "
            "configuration"
        )
    return missing


def _require_apart(outs: Sequence[Path], to: Path) -> None:
    if address_of(to) is not None:
        return
    place = to.resolve()
    for out in outs:
        folder = out.resolve()
        if place.is_relative_to(folder) or folder.is_relative_to(place):
            raise UsageError(f"--to {to}: lies in {out}, or that in it; give a folder elsewhere")


def _require_ours(place: Place) -> None:
    present = place.sizes()
    if present and MANIFEST not in present and MARKER not in present:
        raise OutputError(
            f"{place.address}: holds files and is no publication of twin-pipeline (it has no "
            f"{MANIFEST}), so it is left alone; give another place with --to"
        )


def _ready(
    runs: Runs, wanted: Wanted, folder: Path, progress: Progress
) -> tuple[list[ReadySite], tuple[str, ...]]:
    """Return the sites as they are published, and the names of those that can't be clipped."""
    sites, left_out = [], []
    for number, source in enumerate(runs.sites, 1):
        if wanted.clip or wanted.policy != Policy():
            progress.site(source.name, number, len(runs.sites))
            progress.stage("clip" if wanted.clip else "reduce")
        made = ready(
            source, clip=wanted.clip, policy=wanted.policy, folder=folder, progress=progress
        )
        if made is None:
            left_out.append(source.name)
        else:
            sites.append(made)
    if not sites:
        raise InputError(
            f"{runs.outs[0]}: no site has a trench boundary, so --clip leaves nothing to publish"
        )
    return sites, tuple(left_out)


def _put(
    place: Place,
    made: Assembled,
    progress: Progress,
    announce: Callable[[Sequence[dict[str, Any]]], None] | None,
) -> dict[str, int]:
    """Put everything in its place, in the order that keeps readers safe; return what was done."""
    progress.stage("upload")
    present = place.sizes()
    before = _manifest(place, present)
    if MANIFEST not in present:
        place.write(MARKER, b"")
    files = {path: held for piece in made.pieces.values() for path, held in piece}
    missing = {path: held.source for path, held in files.items() if present.get(path) != held.size}
    place.put(missing, progress.advance)
    manifest = _manifest_bytes(made)
    changed = _changed(made.indices, before, present)
    for name, data in changed.items():
        place.write(name, data)
    if changed or MANIFEST not in present or place.read(MANIFEST) != manifest:
        place.write(MANIFEST, manifest)
    if announce is not None:
        announce(ckan_packages(made.told))
    kept = {*files, *made.indices, MANIFEST}
    stale = [
        name
        for name in present
        if name not in kept and (name in before or name == MARKER or _OURS.fullmatch(name))
    ]
    place.remove([*stale, *([MARKER] if MARKER not in present and not before else [])])
    sizes = [files[path].size for path in missing] + [len(data) for data in changed.values()]
    return {
        "written": len(missing) + len(changed),
        "kept": len(files) + len(made.indices) - len(missing) - len(changed),
        "removed": len([name for name in stale if name != MARKER]),
        "bytes_written": sum(sizes),
    }


def _changed(
    indices: Mapping[str, bytes], before: Mapping[str, Any], present: Mapping[str, int]
) -> dict[str, bytes]:
    """Return the index files that are not there as they should be."""
    return {
        name: data
        for name, data in indices.items()
        if before.get(name, {}).get("sha256") != _sha256(data) or present.get(name) != len(data)
    }


def _manifest(place: Place, present: Mapping[str, int]) -> dict[str, Any]:
    """Return the files of the former publication by path; none where there is none."""
    if MANIFEST not in present:
        return {}
    try:
        found = json.loads(place.read(MANIFEST))
        files: dict[str, Any] = {**found["files"], **found["index"]}
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(
            f"{place.address}/{MANIFEST}: is none of this version ({error!r}); publish elsewhere"
        ) from error
    return files


def _manifest_bytes(made: Assembled) -> bytes:
    told = made.told
    pieces = {f"{kind}/{site}".rstrip("/"): p for (kind, site), p in made.pieces.items()}
    content = {
        "format": _FORMAT,
        "name": told.options.name,
        "base_url": told.base_url,
        "software": f"twin_pipeline {told.version}",
        "updated": told.updated.isoformat(),
        "clipped": told.clipped,
        "withheld": list(told.withheld),
        "pieces": {name: piece.folder for name, piece in pieces.items()},
        "files": manifest_of(pieces),
        "index": {
            name: {"sha256": _sha256(data), "size": len(data)}
            for name, data in made.indices.items()
        },
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
