"""The configuration as TOML, each key with its meaning and unit."""

import json
import textwrap

from pydantic import BaseModel

from twin_pipeline.config.sections import Config

_WIDTH = 98


def to_toml(config: Config) -> str:
    """Return TOML that `load_config` turns into the same configuration.

    Every key stands under a comment that explains it; one without a value is commented out, as
    TOML has no null.
    """
    return "\n".join(_section(name, options) for name, options in config.sections().items())


def _section(name: str, options: BaseModel) -> str:
    lines = [f"[{name}]"]
    values = options.model_dump(mode="json")
    for key, field in type(options).model_fields.items():
        if len(lines) > 1:
            lines.append("")
        lines += textwrap.wrap(
            field.description or "", _WIDTH, initial_indent="# ", subsequent_indent="# "
        )
        lines.append(_assignment(key, values[key]))
    return "\n".join(lines) + "\n"


def _assignment(key: str, value: object) -> str:
    return f"# {key} =" if value is None else f"{key} = {_literal(value)}"


def _literal(value: object) -> str:
    """Return a TOML value; its strings, numbers and arrays are those of JSON."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k)} = {_literal(v)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
