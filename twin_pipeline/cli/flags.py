"""From the options of the command line to settings of the configuration."""

from pathlib import Path
from typing import Any, get_type_hints

from twin_pipeline.cli.grouping import Key
from twin_pipeline.config import Flags, Setting


def flags_of(*groups: Any) -> Flags:  # noqa: ANN401 - any dataclass
    """Return the options of groups that were given, as settings of the configuration.

    Paths become absolute: other processes may work in another folder.
    """
    settings: Flags = {}
    for group in groups:
        for name, hint in get_type_hints(type(group), include_extras=True).items():
            value = getattr(group, name)
            for key in (made for made in hint.__metadata__ if isinstance(made, Key) and value):
                text = str(value.absolute()) if isinstance(value, Path) else value
                flag = f"--{name.replace('_', '-')}"
                settings[key.section, key.name] = Setting(text, flag)
    return settings
