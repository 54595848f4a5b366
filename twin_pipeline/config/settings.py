"""What a file, the environment and the command line set, before anything is checked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twin_pipeline.errors import UsageError

ENVIRONMENT_PREFIX = "TWIN_PIPELINE_"
SEPARATOR = "__"

Place = tuple[str, str]
"""Section and key; the section is empty for a key that stands outside of all sections."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value as given, and what gave it."""

    value: object
    source: str


Settings = dict[Place, Setting]


def from_file(path: Path) -> Settings:
    """Return what a TOML file sets.

    Raises
    ------
    UsageError
        When the file can't be read or is no TOML.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: can't be read ({error.strerror}); see -c/--config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is no TOML file in UTF-8 ({error})") from error
    settings: Settings = {}
    for section, table in tables.items():
        if isinstance(table, dict):
            settings |= {(section, key): Setting(v, str(path)) for key, v in table.items()}
        else:
            settings["", section] = Setting(table, str(path))
    return settings


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Return what variables such as TWIN_PIPELINE_CRS__VERTICAL set; empty ones set nothing."""
    settings: Settings = {}
    for name, value in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or SEPARATOR not in name or not value:
            continue
        section, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split(SEPARATOR, 1)
        settings[section, key] = Setting(value, name)
    return settings
