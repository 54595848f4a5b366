"""A policy file: which attributes, levels of detail and layers are kept back."""

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.export.attributes import LAYERS
from twin_pipeline.tiles.root import LAYERS as TILE_LAYERS

POINT_ATTRIBUTES = (
    "rgb",
    "intensity",
    "classification",
    "return_number",
    "withheld",
    "gps_time",
    "label",
)
KEYS = ("site", "pipe_id")
"""What rows are told apart by; they can't be kept back."""
WHOLE = ("stations", "fittings", "trench", "provenance")
"""Layers of the attribute files that can be kept back as a whole."""

Names = tuple[str, ...]
Level = Annotated[int, Field(ge=0, le=40)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Attributes(_Section):
    """Attributes to drop, by layer of the attribute files; and of each point."""

    pipes: Names = ()
    stations: Names = ()
    fittings: Names = ()
    trench: Names = ()
    points: Names = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = {layer.name: [spec.name for spec in layer.fields] for layer in LAYERS}
        known["points"] = list(POINT_ATTRIBUTES)
        for layer, names in self.named().items():
            for name in names:
                if name in KEYS:
                    raise ValueError(f"{name} tells the rows of {layer} apart and must stay")
                if name not in known[layer]:
                    offered = [each for each in known[layer] if each not in KEYS]
                    raise ValueError(
                        f"{name!r} is no attribute of {layer}; there are {', '.join(offered)}"
                    )
        return self

    def named(self) -> dict[str, Names]:
        """Return the names by layer, for those that have some."""
        return {layer: names for layer, names in self if names}


class Levels(_Section):
    """Levels of detail of the point tiles to drop; 0 is the coarsest."""

    points: tuple[Level, ...] = ()


class Layers(_Section):
    """What to drop as a whole."""

    tiles: Names = ()
    attributes: Names = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        for key, offered in (("tiles", TILE_LAYERS), ("attributes", WHOLE)):
            for name in getattr(self, key):
                if name not in offered:
                    raise ValueError(f"{key} {name!r} is none of {', '.join(offered)}")
        return self


class Policy(_Section):
    """What is kept back."""

    attributes: Attributes = Attributes()
    levels: Levels = Levels()
    layers: Layers = Layers()

    @property
    def withheld(self) -> dict[str, frozenset[str]]:
        """Names of the attributes that are dropped, by layer of the attribute files."""
        named = self.attributes.named()
        return {layer: frozenset(names) for layer, names in named.items() if layer != "points"}

    @property
    def changes_points(self) -> bool:
        """Whether point tiles have to be made anew."""
        return bool(self.attributes.points or self.levels.points)

    def summary(self) -> tuple[str, ...]:
        """Return what is kept back, for people."""
        attributes = (
            f"{layer}.{name}" for layer, names in self.attributes.named().items() for name in names
        )
        levels = [f"points level {level}" for level in self.levels.points]
        return (*attributes, *levels, *self.layers.tiles, *self.layers.attributes)


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises
    ------
    InputError
        When it can't be read.
    UsageError
        When it is no TOML, or names what there is not.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); see --reduce") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is no TOML file in UTF-8 ({error})") from error
    try:
        policy = Policy.model_validate(tables)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        raise UsageError(f"{path}: {place or 'policy'}: {message}") from error
    if policy == Policy():
        raise UsageError(f"{path}: names nothing to drop; see docs/publishing.md for the sections")
    return policy
