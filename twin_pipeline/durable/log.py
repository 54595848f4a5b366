"""The log of a run: one JSON object a line, so that programs can read it too."""

import datetime as dt
import json
import re
from pathlib import Path
from types import TracebackType
from typing import Self

_SECRET = re.compile(r"(://[^/:@\s]*:)[^@\s]*@|(?i:\b(password|secret|token|key)=)[^\s&;]+")


class EventLog:
    """Appends events to a file; a context manager."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, event: str, **facts: object) -> None:
        """Append an event with its facts; passwords in addresses are masked."""
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "event": event} | facts, ensure_ascii=False, default=str)
        self._file.write(masked(line) + "\n")
        self._file.flush()


def masked(text: str) -> str:
    """Return text with the passwords of addresses and settings replaced by stars."""
    return _SECRET.sub(lambda found: f"{found[1]}***@" if found[1] else f"{found[2]}=***", text)
