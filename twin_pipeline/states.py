"""What is noted of a site that is done, and whether that still holds."""

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import twin_pipeline
from twin_pipeline.crs.options import EMBEDDED_GEOIDS
from twin_pipeline.durable.inputs import InputState, Stamp, digest_of, sha256_of
from twin_pipeline.errors import InputError
from twin_pipeline.performing import Done
from twin_pipeline.site import Site


@dataclass(frozen=True, slots=True)
class Seen:
    """A site's files as they were before work on it began."""

    stamps: Mapping[Path, Stamp]

    @classmethod
    def of(cls, site: Site) -> "Seen":
        """Look at the files; one that is missing will be told by who reads it."""
        stamps = {}
        for path in files_of(site):
            with suppress(OSError, ValueError):
                stamps[path] = Stamp.of(path)
        return cls(stamps)


def files_of(site: Site) -> list[Path]:
    """Return all files that a site is made from."""
    settings = site.config.registration.gcp, site.config.crs.geoid
    named = (Path(name) for name in settings if name is not None and name not in EMBEDDED_GEOIDS)
    beside = (path for path in (site.boundary, site.design) if path is not None)
    return [*site.scans, *beside, *named]


def state_of(command: str, site: Site, seen: Seen, done: Done) -> dict[str, Any]:
    """Return the content of site.json.

    Raises
    ------
    InputError
        When a file changed while the site was worked on.
    """
    hashes = {Path(scan.path): scan.sha256 for scan in done.inputs}
    inputs, now = [], Seen.of(site)
    for path in files_of(site):
        if path not in seen.stamps or now.stamps.get(path) != seen.stamps[path]:
            raise InputError(
                f"{path}: changed while it was read; run again with --resume when it is complete"
            )
        digest = hashes.get(path) or sha256_of(path)
        inputs.append(InputState(path, seen.stamps[path], digest).to_dict())
    return {
        "site": site.name,
        "settings": settings_of(command, site),
        "inputs": inputs,
        "finished_at": dt.datetime.now().astimezone().isoformat(timespec="seconds"),
        "timings_s": dict(done.timings),
        "memory_mb": dict(done.memory_mb),
    }


def settings_of(command: str, site: Site) -> str:
    """Return the hash of all that a site's result depends on besides its files."""
    config = site.config
    return digest_of(
        {
            "version": twin_pipeline.__version__,
            "command": command,
            "site": site.name,
            "files": [str(path) for path in files_of(site)],
            "config": config.model_dump(
                mode="json", exclude={"counts", "pieces", "publish", "watch"}
            ),
            "sources": {section: config.sources(section) for section in config.sections()},
            "job": asdict(site.job),
        }
    )


def holds(command: str, site: Site, state: Mapping[str, Any]) -> bool:
    """Whether a state tells of this site, with the same settings and unchanged files."""
    try:
        inputs = [InputState.from_dict(made) for made in state["inputs"]]
        same = state["settings"] == settings_of(command, site)
    except (KeyError, TypeError):
        return False
    return same and [i.path for i in inputs] == files_of(site) and all(i.holds() for i in inputs)
