"""Japanese for what a run says in English: gates, warnings, reasons of a quality.

A run keeps its messages in English; each rule of japanese.toml is the form of one of them. Names,
numbers and coordinates pass through. What no rule knows stays English.
"""

import re
import tomllib
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

_LONGEST = 2000
_NUMBER = r"[-+]?[\d.,]+"

_FILE = Path(__file__).with_name("japanese.toml")
_WHO = re.compile(r"(?P<who>.{1,200}?): (?P<rest>.+)", re.DOTALL)
_FIELD = re.compile(r"\{(\d+)(?::(\w+))?\}")


def in_japanese(text: str) -> str | None:
    """Return an English message of a run in Japanese; None where its form is not known.

    Of several parts joined by semicolons, parts that are not known stay English.
    """
    if len(text) > _LONGEST:
        return None
    direct = _by_rule(text) or _owned(text, _by_rule)
    if direct is not None:
        return direct
    parts = text.split("; ")
    known = [in_japanese(part) for part in parts] if len(parts) > 1 else [None]
    if None not in known:
        return "；".join(filter(None, known))
    owned = _owned(text, in_japanese)
    if owned is None and any(known):
        return "；".join(said or part for said, part in zip(known, parts, strict=True))
    return owned


@lru_cache(maxsize=1)
def _rules() -> tuple[tuple[re.Pattern[str], str], ...]:
    told = tomllib.loads(_FILE.read_text("utf-8"))["rules"]
    return tuple(
        (re.compile(rule["en"].replace("<n>", _NUMBER), re.DOTALL), rule["ja"]) for rule in told
    )


def _by_rule(text: str) -> str | None:
    for pattern, template in _rules():
        if (found := pattern.fullmatch(text)) is not None:
            return _FIELD.sub(partial(_filled, found), template)
    return None


def _owned(text: str, translate: Callable[[str], str | None]) -> str | None:
    """Translate what follows the name of a scan, site or pipe."""
    found = _WHO.fullmatch(text)
    if found is None:
        return None
    rest = translate(found["rest"])
    return None if rest is None else f"{found['who']}：{rest}"


def _filled(found: re.Match[str], field: re.Match[str]) -> str:
    value = found[int(field[1]) + 1] or ""
    if field[2] == "quoted":
        return f"「{value}」" if value else ""
    return (in_japanese(value) or value) if field[2] == "ja" else value
