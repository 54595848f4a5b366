"""What loads in the background while a scan is read."""

import threading

from twin_pipeline.cli.compilation import begin_compilation
from twin_pipeline.kernels import voxels
from twin_pipeline.progress import Progress


def test_the_interpreter_waits_for_the_compiler_when_it_ends(monkeypatch):
    """A scan that can't be read ends the program in its midst, which else crashes."""
    done = threading.Event()
    monkeypatch.setattr(voxels, "hash_table", lambda _: done.wait(30.0))
    before = set(threading.enumerate())
    begin_compilation(Progress())
    (compiler,) = set(threading.enumerate()) - before
    assert not compiler.daemon
    done.set()
    compiler.join()
