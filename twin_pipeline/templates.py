"""How pages are made from templates: text from data is never HTML, and what is missing is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def templates_beside(module: str, finalize: Callable[[Any], Any] | None = None) -> Environment:
    """Return the templates in the folder of a module, given its `__file__`.

    Every value that a page shows goes through `finalize`, where there is one.
    """
    return Environment(
        loader=FileSystemLoader(Path(module).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
