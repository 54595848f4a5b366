"""Puts the configuration together and says in one line what is wrong with it."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from twin_pipeline.config.sections import Config
from twin_pipeline.config.settings import Place, Settings, from_environment, from_file
from twin_pipeline.errors import UsageError

Flags = Settings
"""What the command line sets; the source of each is the flag's name."""


def load_config(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Flags | None = None,
) -> Config:
    """Return the effective configuration: flags win over the environment, this over the file.

    Parameters
    ----------
    path
        TOML file with one table a section; None for the defaults.
    environment
        Variables TWIN_PIPELINE_SECTION__KEY; those of the process if None.
    flags
        Settings by (section, key).

    Raises
    ------
    UsageError
        When the file can't be read, a key is unknown or a value is not allowed.
    """
    settings = from_file(path) if path is not None else {}
    settings |= from_environment(os.environ if environment is None else environment)
    settings |= flags or {}
    _refuse_unknown(settings)
    try:
        config = Config.model_validate(_tables(settings))
    except ValidationError as error:
        raise UsageError(_explain(error, settings)) from error
    return config.with_sources({place: setting.source for place, setting in settings.items()})


def _tables(settings: Settings) -> dict[str, dict[str, object]]:
    tables: dict[str, dict[str, object]] = {}
    for (section, key), setting in settings.items():
        tables.setdefault(section, {})[key] = setting.value
    return tables


def _known() -> list[Place]:
    return [
        (section, key)
        for section, options in Config().sections().items()
        for key in type(options).model_fields
    ]


def _refuse_unknown(settings: Settings) -> None:
    known = _known()
    for place, setting in settings.items():
        if place not in known:
            nearest = ".".join(_nearest(place, known))
            raise UsageError(
                f"{setting.source}: {'.'.join(filter(None, place))} is no configuration key; "
                f"the nearest is {nearest}"
            )


def _nearest(place: Place, known: list[Place]) -> Place:
    """Prefer a key of the same section, then the same key elsewhere, then what looks alike."""

    def likeness(candidate: Place) -> tuple[float, float]:
        section, key = (
            difflib.SequenceMatcher(None, mine, theirs).ratio()
            for mine, theirs in zip(place, candidate, strict=True)
        )
        return key + 0.5 * section, section

    return max(known, key=likeness)


def _explain(error: ValidationError, settings: Settings) -> str:
    problem = error.errors(include_url=False)[0]
    place = problem["loc"][:2]
    message = problem["msg"].removeprefix("Value error, ")
    reason = message[:1].lower() + message[1:]
    if len(place) < 2:
        given = [s for (section, _), s in settings.items() if section == place[0]]
        sources = ", ".join(dict.fromkeys(setting.source for setting in given))
        return f"{sources}: section {place[0]}: {reason}"
    setting = settings[str(place[0]), str(place[1])]
    return f"{setting.source}: {'.'.join(map(str, place))} = {setting.value!r}: {reason}"
