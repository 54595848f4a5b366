"""Preloaded by workers: who works on a scan leaves pieces until another worker has done one.

Otherwise one may have done all before the other has loaded its kernels.
"""

import os
import time

from twin_pipeline.sharing import Table

PATIENCE_S = 1800.0


def _helped(table, seen):
    if not seen:
        done = [path for path in table._folder.glob("*.claim") if path.with_suffix(".npz").exists()]
        seen += [path for path in done if path.read_text("utf-8").split()[-1] != str(os.getpid())]
    return bool(seen)


def _made_patient(result):
    seen = []

    def result_of_two(table, number):
        since = time.monotonic()
        while not _helped(table, seen) and time.monotonic() - since < PATIENCE_S:
            time.sleep(0.02)
        return result(table, number)

    return result_of_two


if Table.result.__name__ == "result":  # a worker may load this twice
    Table.result = _made_patient(Table.result)
