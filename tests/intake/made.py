"""A watch without its processes: what they would find is made up, all else is real."""

import json
import shutil
from contextlib import contextmanager

from twin_pipeline.config import Config
from twin_pipeline.intake import opening, service
from twin_pipeline.patience import WatchOptions

PIPE = {
    "pipe_id": "P01", "role": "main", "material": "DIP", "nominal_diameter_mm": 150,
    "quality": "good", "quality_reason": "well seen", "outer_diameter_m": 0.169,
    "outer_diameter_std_m": 0.0006, "cover_min_m": 1.2, "cover_mean_m": 1.21, "cover_max_m": 1.22,
    "cover_std_m": 0.003, "length_m": 20.0, "start": [1.0, 2.0, 3.0], "end": [4.0, 5.0, 6.0],
}  # fmt: skip
HIDDEN = {
    "passed": False, "subject": "P01", "kind": "hidden",
    "finding": "hidden from 3.1 to 4.2 m: uncover and scan there", "stretch_m": (3.1, 4.2),
    "ends": ((1.0, 2.0, 3.0), (1.1, 2.0, 3.0)),
}  # fmt: skip
SEEN = {"passed": True, "subject": "P01", "finding": "well seen", "kind": "quality"}


def found(*items, **more):
    return {
        "kind": "done", "check": list(items or (SEEN,)), "in_output": True, "pipes": [PIPE],
        "points": 1000, "crs": {"crs": "EPSG:6677"}, "gates": [], "warnings": [],
    } | more  # fmt: skip


class Bench:
    """A folder, a watch on it that is begun anew for each look, and what it did."""

    def __init__(self, folder, monkeypatch, **options):
        self.inbox, self.out = folder / "inbox", folder / "out"
        self.inbox.mkdir()
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        self.config = Config(watch=WatchOptions(**({"settle_s": 0, "give_up_s": 0} | options)))
        self.tasks, self.answers, self.notes = [], [], []
        self.finds = {}
        monkeypatch.setattr(service, "work_on", self._work)

    def _work(self, task):
        self.tasks.append(task)
        made = self.finds.get(task.site.name, found())
        made = made(task) if callable(made) else made
        if isinstance(made, BaseException):
            raise made
        return made

    @contextmanager
    def watch(self):
        opened = opening.watch(
            self.inbox, self.out, self.config, self.answers.append, self.notes.append
        )
        with opened as watch:
            yield watch

    def look(self):
        with self.watch() as watch:
            watch._look()

    def drop(self, name, content=b"a scan"):
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if hasattr(content, "read_bytes"):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content)
        return path

    def result(self, name):
        return json.loads((self.inbox / f"{name}.result.json").read_text(encoding="utf-8"))

    def text(self, name):
        return (self.inbox / f"{name}.result.txt").read_text(encoding="utf-8-sig")
