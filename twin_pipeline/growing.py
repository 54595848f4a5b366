"""What a finished output folder holds, for sites to be added to it or taken out of it."""

from collections.abc import Sequence
from pathlib import Path

from twin_pipeline.config import Config, load_config
from twin_pipeline.durable.files import read_json
from twin_pipeline.errors import OutputError, UsageError
from twin_pipeline.output import RECORD


def standing_sites(out: Path, flag: str) -> list[str]:
    """Return the names of the sites in a finished output folder, in their order.

    Raises
    ------
    OutputError
        When `out` is none; `flag` is what asked for it.
    """
    record = read_json(out / RECORD)
    sites = record.get("sites") if record is not None else None
    if not isinstance(sites, list) or not all("name" in site for site in sites):
        raise OutputError(
            f"{out}: is no finished output of twin-pipeline (it has no sound {RECORD}), which "
            f"{flag} needs; leave {flag} out to make one"
        )
    return [str(site["name"]) for site in sites]


def standing_config(out: Path) -> Config:
    """Return the configuration that a finished output folder was made with."""
    return load_config(out / "config.toml", environment={})


def require_new(names: Sequence[str], present: Sequence[str], out: Path) -> None:
    """Raise UsageError where one of the sites is there already, whatever the case of its name."""
    held = {name.casefold() for name in present}
    for name in names:
        if name.casefold() in held:
            raise UsageError(
                f"{out}: holds a site {name!r} already; give --overwrite to replace it, or take it "
                "out with --remove first"
            )


def remaining(present: Sequence[str], names: Sequence[str], out: Path) -> list[str]:
    """Return the sites that are left when some are taken out.

    Raises
    ------
    UsageError
        When one is not there, or none would be left.
    """
    for name in names:
        if name not in present:
            raise UsageError(f"{out}: holds no site {name!r}; there are {', '.join(present)}")
    left = [name for name in present if name not in names]
    if not left:
        raise UsageError(f"{out}: no site would be left; remove the folder itself instead")
    return left
