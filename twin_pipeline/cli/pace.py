"""How fast a step is and how long it will take still."""

import time

EVERY_S = 10.0
"""Time between two lines where there is no bar."""

COUNTED = 10_000
"""Steps with fewer parts than this have no pace worth telling."""


class Pace:
    """Says now and then how far one step is."""

    def __init__(self, step: str) -> None:
        self._step = step
        self._began = self._told = time.monotonic()

    def line(self, done: int, total: int) -> str | None:
        """Return what to say when `done` of `total` parts are done, None most of the time."""
        now = time.monotonic()
        if total < COUNTED or not done or now - self._told < EVERY_S:
            return None
        self._told = now
        speed = done / (now - self._began)
        return f"{self._step}: {done / total:.0%}, {pace_text(speed, (total - done) / speed)}"


def pace_text(parts_per_s: float, left_s: float) -> str:
    """Return the pace and the time left for people."""
    minutes, seconds = divmod(round(left_s), 60)
    left = f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
    return f"{parts_per_s / 1e6:.2f} million points/s, {left} left"
