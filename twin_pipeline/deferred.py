"""Names of packages that are loaded when they are first asked for.

A command then loads what it needs: to load all of the program takes half a second.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def deferred(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return what a package has as its `__getattr__` (PEP 562).

    Parameters
    ----------
    package
        The package's name.
    homes
        By name, the module of the package that defines it. No module may have the name of
        something that is defined in it: once the module is loaded, the name would mean the module.
    """

    def load(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return load
