"""An option that takes one value is refused where it is given twice: the last would win unsaid."""

from itertools import takewhile
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption


class OnceGroup(TyperGroup):
    """Commands whose options are given once."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - Typer's own types
        """Return what Typer would run; raises BadParameter for a value that is given twice."""
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, TyperCommand):
            _require_once(command, rest)
        return name, command, rest


def _require_once(command: TyperCommand, args: list[str]) -> None:
    given = [arg.split("=", 1)[0] for arg in takewhile(lambda arg: arg != "--", args)]
    for option in command.params:
        if isinstance(option, TyperOption) and not (option.multiple or option.is_flag):
            times = sum(given.count(name) for name in option.opts)
            if times > 1 and not option.count:
                raise typer.BadParameter(f"{option.opts[-1]} is given twice: give it once")
