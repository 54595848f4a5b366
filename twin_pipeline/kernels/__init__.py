"""Numba kernels: arrays and scalars in, arrays out; local frame, metres, float64.

Numba is loaded when the first kernel is called: that takes longer than many commands that call
none, and it may be done while a scan is being decoded.

Compiled code is cached under a folder named after the source of all kernels, so that a change in
any of them is noticed (Numba alone looks only at the file of the function it compiles).
"""

import fcntl
import functools
import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import platformdirs


def _source_digest() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for source in [*_versions(), *sorted(Path(__file__).parent.rglob("*.py"))]:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _versions() -> Iterator[Path]:
    """Yield where the compilers keep their versions; to load them, or their metadata, is slow."""
    for name in ("numba", "llvmlite"):
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin).with_name("_version.py")


CACHE_DIR = platformdirs.user_cache_path("twin-pipeline") / "kernels" / _source_digest()

ONLY_LOOPS = {
    "numpy": False, "reduction": False, "inplace_binop": False, "setitem": False,
    "comprehension": False, "stencil": False, "fusion": False, "prange": True,
}  # fmt: skip
"""For `parallel`, where a kernel must wake no threads for few points: Numba would share out among
them, too, arrays that are filled with zeros or added up."""

prange = range
"""The range of a loop in threads; kernels see Numba's in its place."""

_loading = threading.RLock()


def jit(**options: Any) -> Callable[[Callable[..., Any]], Any]:  # noqa: ANN401 - Numba's own
    """Have a function compiled when it is first called; options are those of `numba.njit`.

    To divide by zero gives no error but infinity: to look for it in each division would keep loops
    from being worked on in lanes of the processor.
    """
    return lambda function: _Kernel(function, {"error_model": "numpy", **options})


class _Kernel:
    """A function that Numba compiles, or takes from the cache, once it is called."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._options = options
        self._compiled: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the function's
        compiled = self._compiled or self.load()
        return compiled(*arguments, **named)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what Numba adds to functions
        return getattr(self.load(), name)

    def load(self) -> Callable[..., Any]:
        """Hand the function to Numba, and all kernels of its file: they may call each other.

        So are those of other files that this one imports.
        """
        with _loading:
            scope = self._function.__globals__
            numba = _numba()
            if scope.get("prange") is prange:
                scope["prange"] = numba.prange
            for name, kernel in [*scope.items()]:
                if isinstance(kernel, _Kernel):
                    if kernel._function.__globals__ is scope:  # noqa: SLF001
                        kernel._compiled = numba.njit(**_given(kernel._options))(kernel._function)  # noqa: SLF001
                    scope[name] = kernel._compiled or kernel.load()  # noqa: SLF001
            assert self._compiled is not None  # noqa: S101 - for the type checker
            return self._compiled


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as Numba keeps them: what it is given as a dictionary it empties."""
    from numba.core.cpu import ParallelOptions

    parallel = options.get("parallel", False)
    if not isinstance(parallel, dict):
        return options
    return {**options, "parallel": ParallelOptions({**parallel})}


def threads() -> int:
    """Return how many threads may call kernels at once, each of which may use as many again.

    It is one where kernels have but one thread, or share one out that only one may ask at a time.
    """
    numba = _numba()
    count = int(numba.get_num_threads())
    return 1 if count > 1 and numba.threading_layer() == "workqueue" else count


@functools.cache
def _numba() -> Any:  # noqa: ANN401 - a module without types
    # threads that wait for the next loop must sleep: spinning, they take the processors from those
    # who work, here and in other processes; OpenMP looks at this when the first loop begins
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import numba

    # to know whether np.dot can be compiled, which no kernel calls, Numba would load all of SciPy's
    # linear algebra: as long as the rest of it takes
    with _absent("scipy.linalg.cython_blas"):
        import numba.np.arraymath
    from numba.core import entrypoints
    from numba.core.caching import FunctionCache, IndexDataCacheFile

    entrypoints._already_initialized = True  # noqa: SLF001 - looks for extensions in all packages

    if "NUMBA_THREADING_LAYER_PRIORITY" not in os.environ:
        # Open3D brings a TBB that is too old for Numba, which warns of it where it looks there
        # first
        numba.config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]
    numba.config.CACHE_DIR = str(CACHE_DIR)
    IndexDataCacheFile.save = functools.partialmethod(_save_alone, save=IndexDataCacheFile.save)
    if hasattr(FunctionCache, "_load_overload"):  # no promise of Numba's: without it, start slower
        FunctionCache.load_overload = _loaded
    return numba


def _loaded(cache: Any, signature: Any, target: Any) -> Any:  # noqa: ANN401 - Numba's own
    """Take compiled code from the cache; what only compiling needs is loaded where there is none.

    Numba's own method loads that first, which takes longer than tiling a million points.
    """
    from numba.core.runtime import rtsys

    rtsys.initialize(target)
    found = cache._load_overload(signature, target)  # noqa: SLF001
    if found is None:
        target.refresh()
    return found


@contextmanager
def _absent(module: str) -> Iterator[None]:
    """Have a module that is not loaded yet taken for one that is not installed."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def _save_alone(file: Any, key: Any, data: Any, save: Any) -> None:  # noqa: ANN401
    """Save compiled code while no other process does.

    Numba numbers the files by an index that it reads and writes without a lock: of two processes
    that save at the same time, one would find the other's code under its own number.
    """
    with suppress(OSError):
        CACHE_DIR.mkdir(parents=True, exist_ok=True)
        with (CACHE_DIR / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            save(file, key, data)
