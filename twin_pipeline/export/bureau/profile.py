"""The profile file: which of our values go under which of the owner's columns, and how."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from twin_pipeline.crs import projected_target
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.export.bureau.sources import SOURCES, placeholders, unit_of
from twin_pipeline.export.bureau.units import FACTORS, factor

SHORT_BYTES = 10
"""A DBF has no room for a longer name of a column."""


def _plain_name(name: str) -> str:
    if not name.strip() or name.startswith(".") or any(c in name for c in "/\\:\0"):
        raise ValueError(f"{name!r} can't be the name of a file or folder")
    return name


_FileName = Annotated[str, AfterValidator(_plain_name)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Part):
    """One column of the owner's table."""

    name: str = Field(min_length=1)
    short: str | None = None
    """Name in Shapefiles, at most ten bytes."""
    field: str | None = None
    """Where the value comes from; see `sources`."""
    template: str | None = None
    """Text with {field} in it."""
    value: str | int | float | None = None
    """The same for all rows."""
    unit: str | None = None
    """Unit to convert to: mm, cm, m; %."""
    decimals: int | None = Field(None, ge=0, le=9)
    codes: dict[str, str] | None = None
    """The owner's code for each of our values; true and false for yes and no."""
    missing: str | None = None
    """What stands where there is no value."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        given = [part for part in (self.field, self.template, self.value) if part is not None]
        if len(given) != 1:
            raise ValueError(f"{self.name}: give one of field, template and value")
        return self


class Table(_Part):
    """One table of the owner."""

    name: _FileName
    layer: Literal["pipes", "stations", "fittings"]
    columns: tuple[Column, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        for column in self.columns:
            self._require_known(column)
        _require_unique((column.name for column in self.columns), self.name)
        return self

    def _require_known(self, column: Column) -> None:
        named = [column.field] if column.field is not None else placeholders(column.template or "")
        for name in named:
            if not SOURCES[self.layer].knows(name):
                raise ValueError(
                    f"{column.name}: {name} is no field of {self.layer}; the nearest is "
                    f"{SOURCES[self.layer].nearest(name)}"
                )
        if column.unit is not None:
            if column.field is None:
                raise ValueError(f"{column.name}: only a field has a unit to convert")
            from_unit = unit_of(self.layer, column.field)
            if factor(from_unit, column.unit) is None:
                raise ValueError(
                    f"{column.name}: {from_unit or 'no unit'} can't be given in {column.unit!r}; "
                    f"units are {', '.join(FACTORS)}"
                )


class Output(_Part):
    """One set of files with all tables."""

    folder: _FileName
    format: Literal["csv", "shapefile", "gpkg"]
    encoding: Literal["utf-8", "utf-8-sig", "cp932"] = "utf-8"

    @model_validator(mode="after")
    def _has_a_possible_encoding(self) -> Self:
        possible = {"csv": {"utf-8", "utf-8-sig", "cp932"}, "shapefile": {"utf-8", "cp932"},
                    "gpkg": {"utf-8"}}[self.format]  # fmt: skip
        if self.encoding not in possible:
            raise ValueError(f"{self.folder}: a {self.format} can't be in {self.encoding}")
        return self


class Profile(_Part):
    """What an owner imports."""

    name: _FileName
    crs: str | None = None
    """Horizontal CRS of the files; elevations stay in the scan's vertical datum."""
    outputs: tuple[Output, ...] = Field(min_length=1)
    tables: tuple[Table, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _require_unique((output.folder for output in self.outputs), "outputs")
        _require_unique((table.name for table in self.tables), "tables")
        if any(output.format == "shapefile" for output in self.outputs):
            for table in self.tables:
                _require_short_names(table)
        if self.crs is not None and not projected_target(self.crs, "crs").keeps_elevations:
            raise ValueError(
                f"{self.crs} has heights of its own; give the horizontal CRS, as elevations stay "
                "in the scan's vertical datum"
            )
        return self


def load_profile(path: str) -> Profile:
    """Read a profile file.

    Raises
    ------
    InputError
        When the file can't be read.
    UsageError
        When it is no profile; the message names the place and what is wrong there.
    """
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); see --profile") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: is no TOML file in UTF-8 ({error})") from error
    try:
        return Profile.model_validate(tables)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"]) or "profile"
        reason = problem["msg"].removeprefix("Value error, ")
        raise UsageError(f"{path}: {place}: {reason}") from error


def short_name(column: Column) -> str:
    """Return a column's name in Shapefiles."""
    return column.short or column.name


def _require_short_names(table: Table) -> None:
    for column in table.columns:
        name = short_name(column)
        if len(name.encode("utf-8")) > SHORT_BYTES or len(name.encode("cp932")) > SHORT_BYTES:
            raise ValueError(
                f"{column.name}: {name!r} is longer than the {SHORT_BYTES} bytes that a Shapefile "
                "has for it; give short"
            )
    _require_unique((short_name(column) for column in table.columns), table.name)


def _require_unique(names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise ValueError(f"{where}: {name} stands twice")
        seen.add(name.casefold())
