"""Whether a file is still being copied: what it looks like, how long it has stayed so."""

import time
from collections.abc import Callable
from pathlib import Path

from twin_pipeline.intake.inbox import Listing, Stamp
from twin_pipeline.patience import WatchOptions
from twin_pipeline.stages.read import what_lacks


class Settling:
    """Remembers since when files have been as they are."""

    def __init__(self, options: WatchOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._clock = clock
        self._since: dict[str, tuple[Stamp, float]] = {}

    def look(self, listing: Listing) -> None:
        """Take note of what the folder holds now."""
        now = self._clock()
        before, self._since = self._since, {}
        for name, stamp in listing.items():
            seen = before.get(name)
            since = seen[1] if seen is not None and stamp.same(seen[0]) else now
            self._since[name] = (stamp, since)

    def still_s(self, name: str) -> float:
        """Return for how long a file has been seen to stay the same, seconds."""
        seen = self._since.get(name)
        return 0.0 if seen is None else self._clock() - seen[1]

    def settled(self, name: str) -> bool:
        """Whether a file has stayed the same for long enough."""
        return name in self._since and self.still_s(name) >= self._options.settle_s

    def given_up(self, name: str) -> bool:
        """Whether a file that lacks something will hardly get it any more."""
        seen = self._since.get(name)
        if seen is None:
            return False
        return max(self.still_s(name), seen[0].age_s) >= self._options.give_up_s


def lacking(path: Path) -> str | None:
    """Return what a file on this machine lacks of what its header promises."""
    try:
        return what_lacks(path)
    except OSError as error:
        return f"can't be read ({error.strerror or error})"
