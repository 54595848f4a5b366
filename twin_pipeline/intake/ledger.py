"""What has been done with each drop, on the disk before anybody is told.

.OUT.watch/
lock         held by the watch that works here
log.jsonl    events
drops/       a file a drop: what it was and what became of it
checked/     a file a drop: what its check found, until it is answered
spool/       objects that were fetched
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from twin_pipeline.durable.files import entries, read_json, write_json


class Stage(StrEnum):
    """How far a drop is."""

    WORKING = "working"
    DECIDED = "decided"
    """The answer is known and may not have been given."""
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Drop:
    """What became of one drop."""

    name: str
    site: str
    files: Mapping[str, str]
    """What the folder said of each file, by name."""
    sha256: str
    stage: Stage
    deaths: int = 0
    """How often its work ended abnormally."""
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def in_out(self) -> bool:
        """Whether its site stands in the output folder."""
        return bool(self.answer.get("in_output"))

    def to_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "name": self.name, "site": self.site, "files": dict(self.files), "sha256": self.sha256,
            "stage": self.stage.value, "deaths": self.deaths, "answer": dict(self.answer),
        }  # fmt: skip


def _from_dict(made: Mapping[str, Any]) -> Drop | None:
    try:
        return Drop(
            made["name"], made["site"], made["files"], made["sha256"], Stage(made["stage"]),
            made["deaths"], made["answer"],
        )  # fmt: skip
    except (KeyError, ValueError):
        return None


class Ledger:
    """The drops by name, on disk and in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._drops: dict[str, Drop] = {}
        (folder / "drops").mkdir(exist_ok=True)
        (folder / "checked").mkdir(exist_ok=True)
        for path in entries(folder / "drops"):
            made = read_json(path)
            drop = None if made is None or path.name.startswith(".") else _from_dict(made)
            if drop is not None:
                self._drops[drop.name] = drop

    def get(self, name: str) -> Drop | None:
        """Return what is known of a drop."""
        return self._drops.get(name)

    def __iter__(self) -> Iterator[Drop]:
        return iter(list(self._drops.values()))

    def put(self, drop: Drop) -> None:
        """Note what became of a drop; it is on the disk when this returns."""
        write_json(self.folder / "drops" / f"{_key(drop.name)}.json", drop.to_dict())
        self._drops[drop.name] = drop

    def checked(self, name: str) -> Path:
        """Return where the findings of a drop's check are kept."""
        return self.folder / "checked" / f"{_key(name)}.json"


def _key(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:24]
