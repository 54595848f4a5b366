"""Pipe standards: material and nominal diameter -> outer diameter, socket, laying length, bends.

The facts stand in `data/catalogue.toml`, each with its standard and source.
"""

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twin_pipeline.errors import UsageError

BUILT_IN = Path(__file__).parent / "data" / "catalogue.toml"


@dataclass(frozen=True, slots=True)
class PipeSize:
    """One size of pipe of one material."""

    material: str
    nominal_diameter_mm: int
    outer_diameter_m: float
    """Of the barrel (spigot), without coating or sleeve."""
    socket_outer_diameter_m: float | None
    laying_length_m: float | None
    """Distance from joint to joint."""
    recalled: bool
    """True where the outer diameter was remembered and not seen in its standard."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a catalogue says about all sizes of one material."""

    code: str
    name_en: str
    name_ja: str
    standard: str
    sources: tuple[str, ...]
    tolerance: str | None
    note: str | None
    flexible: bool
    """Whether its pipes give way under their load and become oval."""
    sleeved: bool
    """Whether its pipes are laid in polyethylene sleeves."""
    low_sockets: bool
    """Whether its sockets stand out by little more than the wall of the pipe."""
    bend_angles_deg: tuple[float, ...]
    """Standard bends of this material, ascending."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All materials and sizes that a pipe can be."""

    materials: Mapping[str, Material]
    """By code: DIP, SP, HPPE, VP, SUS in the built-in catalogue."""
    by_material: Mapping[str, tuple[PipeSize, ...]]
    """Sizes of each material by ascending nominal diameter."""

    @property
    def bend_angles_deg(self) -> tuple[float, ...]:
        """Standard bend angles of any material, ascending."""
        angles = {a for material in self.materials.values() for a in material.bend_angles_deg}
        return tuple(sorted(angles))

    def material(self, code: str) -> Material:
        """Return the material of that code.

        Raises
        ------
        UsageError
            Where the catalogue has no such material.
        """
        if code not in self.materials:
            raise UsageError(_unknown("material", code, self.materials))
        return self.materials[code]

    def sizes(self, material: str | None = None) -> tuple[PipeSize, ...]:
        """Return the sizes of one material, or of all, by ascending outer diameter.

        Raises
        ------
        UsageError
            Where the catalogue has no such material.
        """
        codes = self.materials if material is None else [self.material(material).code]
        found = [size for code in codes for size in self.by_material[code]]
        return tuple(sorted(found, key=lambda size: (size.outer_diameter_m, size.material)))

    def size(self, material: str, nominal_mm: int) -> PipeSize:
        """Return one size.

        Raises
        ------
        UsageError
            Where the material is unknown or not made in that nominal diameter.
        """
        sizes = self.sizes(material)
        for size in sizes:
            if size.nominal_diameter_mm == nominal_mm:
                return size
        near = sorted(sizes, key=lambda s: abs(s.nominal_diameter_mm - nominal_mm))[:3]
        names = ", ".join(str(n) for n in sorted(s.nominal_diameter_mm for s in near))
        raise UsageError(
            f"{material} has no nominal diameter {nominal_mm} mm in the catalogue; nearest: {names}"
        )


_Angle = Annotated[float, Field(gt=0, le=180)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _SizeEntry(_Strict):
    nominal_mm: int = Field(gt=0)
    outer_diameter_mm: float = Field(gt=0, le=5000)
    socket_outer_diameter_mm: float | None = Field(default=None, gt=0, le=6000)
    laying_length_m: float | None = Field(default=None, gt=0, le=20)
    recalled: bool = False


class _MaterialEntry(_Strict):
    name_en: str
    name_ja: str
    standard: str
    sources: tuple[str, ...]
    tolerance: str | None = None
    note: str | None = None
    flexible: bool = False
    sleeved: bool = False
    low_sockets: bool = False
    extra_bend_angles_deg: tuple[_Angle, ...] = ()
    sizes: tuple[_SizeEntry, ...] = Field(min_length=1)


class _Bends(_Strict):
    angles_deg: tuple[_Angle, ...] = Field(min_length=1)


class _File(_Strict):
    bends: _Bends
    materials: dict[str, _MaterialEntry] = Field(min_length=1)


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read a catalogue file, or the built-in one.

    Raises
    ------
    UsageError
        Where the file can't be read or an entry in it is wrong; the message names the entry.
    """
    return _built_in() if path is None else _load(path)


@functools.cache
def _built_in() -> Catalogue:
    return _load(BUILT_IN)


def _load(source: Path) -> Catalogue:
    try:
        tables = _File.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{source}: can't read the catalogue: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{source}: the catalogue is not UTF-8; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source}: not valid TOML: {error}; correct that line") from error
    except ValidationError as error:
        raise UsageError(f"{source}: {_first_problem(error)}") from error
    for code, entry in tables.materials.items():
        _check_sizes(source, code, entry.sizes)
    return _assemble(tables)


def _assemble(tables: _File) -> Catalogue:
    materials = {
        code: Material(
            code=code,
            name_en=entry.name_en,
            name_ja=entry.name_ja,
            standard=entry.standard,
            sources=entry.sources,
            tolerance=entry.tolerance,
            note=entry.note,
            flexible=entry.flexible,
            sleeved=entry.sleeved,
            low_sockets=entry.low_sockets,
            bend_angles_deg=tuple(sorted({*tables.bends.angles_deg, *entry.extra_bend_angles_deg})),
        )
        for code, entry in tables.materials.items()
    }
    sizes = {
        code: tuple(_pipe_size(code, s) for s in sorted(entry.sizes, key=lambda s: s.nominal_mm))
        for code, entry in tables.materials.items()
    }
    return Catalogue(MappingProxyType(materials), MappingProxyType(sizes))


def _pipe_size(code: str, entry: _SizeEntry) -> PipeSize:
    socket_mm = entry.socket_outer_diameter_mm
    return PipeSize(
        material=code,
        nominal_diameter_mm=entry.nominal_mm,
        outer_diameter_m=entry.outer_diameter_mm / 1000,
        socket_outer_diameter_m=None if socket_mm is None else socket_mm / 1000,
        laying_length_m=entry.laying_length_m,
        recalled=entry.recalled,
    )


def _check_sizes(source: Path, code: str, sizes: Iterable[_SizeEntry]) -> None:
    ordered = sorted(sizes, key=lambda s: s.nominal_mm)
    for size in ordered:
        socket_mm = size.socket_outer_diameter_mm
        if socket_mm is not None and socket_mm <= size.outer_diameter_mm:
            raise UsageError(
                f"{source}: materials.{code} nominal_mm {size.nominal_mm}: "
                f"socket_outer_diameter_mm {socket_mm} must exceed the outer diameter "
                f"{size.outer_diameter_mm}; correct it or leave it out"
            )
    for small, large in pairwise(ordered):
        if small.nominal_mm == large.nominal_mm:
            raise UsageError(
                f"{source}: materials.{code} lists nominal_mm {large.nominal_mm} twice; remove one"
            )
        if small.outer_diameter_mm >= large.outer_diameter_mm:
            raise UsageError(
                f"{source}: materials.{code} nominal_mm {large.nominal_mm}: outer_diameter_mm "
                f"{large.outer_diameter_mm} must exceed that of {small.nominal_mm} "
                f"({small.outer_diameter_mm}); correct one of them"
            )


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"entry {place} is not known in a catalogue; remove it or correct its spelling"
    if problem["type"] == "missing":
        return f"entry {place} is missing; add it"
    return f"entry {place} = {problem['input']!r}: {problem['msg']}; correct it"


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(name.upper(), names, n=2, cutoff=0.4)
    nearest = f" nearest: {', '.join(near)};" if near else ""
    return f"{what} {name!r} is not in the catalogue;{nearest} known: {', '.join(names)}"
