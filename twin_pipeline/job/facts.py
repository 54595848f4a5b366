"""What can be stated of a site or of one of its pipes, and under which names."""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from twin_pipeline.catalogue import Catalogue
from twin_pipeline.errors import UsageError
from twin_pipeline.model import JobFacts

NAMES = {
    "工事番号": "construction_no",
    "路線名": "route_name",
    "布設年度": "laid_fiscal_year",
    "継手形式": "joint_type",
    "管種": "material",
}
"""Japanese names of the facts; both are understood everywhere."""

_FACTS = tuple(NAMES.values())
_YEARS = range(1868, 2200)
_ERA_BEGINS = {"令和": 2019, "R": 2019, "平成": 1989, "H": 1989, "昭和": 1926, "S": 1926}
_ERA_YEAR = re.compile(r"(令和|平成|昭和|[RHS])\s*\.?\s*(元|\d{1,2})(?:年度?)?")
_PLAIN_YEAR = re.compile(r"(\d{4})(?:年度?)?")


@dataclass(frozen=True, slots=True)
class PipeFacts:
    """What is stated of pipes; None where nothing is."""

    material: str | None = None
    """A code of the catalogue."""
    job: JobFacts = field(default_factory=JobFacts)

    def over(self, other: "PipeFacts") -> "PipeFacts":
        """Return both, with what is stated here going before."""
        return PipeFacts(self.material or other.material, over(self.job, other.job))


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What is stated of a site's pipes: of all, and of single ones, which goes before."""

    shared: PipeFacts = field(default_factory=PipeFacts)
    pipes: Mapping[str, PipeFacts] = field(default_factory=dict)
    """By pipe_id."""
    source: str | None = None
    """File that states it; None where none does."""
    sha256: str | None = None
    """Of that file."""

    def over(self, other: "SiteFacts") -> "SiteFacts":
        """Return both, with what is stated here going before."""
        ids = {**other.pipes, **self.pipes}
        nothing = PipeFacts()
        pipes = {i: self.pipes.get(i, nothing).over(other.pipes.get(i, nothing)) for i in ids}
        source, sha256 = other.source or self.source, other.sha256 or self.sha256
        return SiteFacts(self.shared.over(other.shared), pipes, source, sha256)

    def states_nothing(self) -> bool:
        """Tell whether there is no fact at all."""
        return self.shared == PipeFacts() and not self.pipes

    def provenance(self) -> dict[str, str]:
        """Return what is to be told of the file."""
        if self.source is None:
            return {}
        told = {"job_file": Path(self.source).name, "job_file_sha256": self.sha256}
        return {key: value for key, value in told.items() if value is not None}


def over(stated: JobFacts, before: JobFacts) -> JobFacts:
    """Return both, with what is `stated` going before."""
    values = {name: getattr(stated, name) for name in stated.__dataclass_fields__}
    return replace(before, **{name: value for name, value in values.items() if value is not None})


def read_facts(stated: Mapping[str, object], source: str, catalogue: Catalogue) -> PipeFacts:
    """Check what a file states under English or Japanese names; empty values state nothing.

    Raises
    ------
    UsageError
        When a name is unknown, stated twice, or its value can't be; `source` says where.
    """
    found: dict[str, str] = {}
    for name, value in stated.items():
        fact = NAMES.get(name.strip(), name.strip())
        if fact not in _FACTS:
            raise UsageError(f"{source}: {name!r} is no fact of a job; {_nearest(name)}")
        text = unicodedata.normalize("NFC", str(value)).strip() if value is not None else ""
        if not text:
            continue
        if fact in found:
            raise UsageError(f"{source}: {fact} is stated twice; leave one of them out")
        found[fact] = text
    return PipeFacts(
        _material(found.get("material"), source, catalogue),
        JobFacts(
            construction_no=found.get("construction_no"),
            route_name=found.get("route_name"),
            laid_fiscal_year=_year(found.get("laid_fiscal_year"), source),
            joint_type=found.get("joint_type"),
        ),
    )


def _nearest(name: str) -> str:
    known = [*_FACTS, *NAMES]
    near = difflib.get_close_matches(name, known, n=1)
    return f"the nearest is {near[0]}" if near else f"there are {', '.join(known)}"


def _material(text: str | None, source: str, catalogue: Catalogue) -> str | None:
    if text is None:
        return None
    plain = unicodedata.normalize("NFKC", text).casefold()
    for code, material in catalogue.materials.items():
        if plain in {code.casefold(), material.name_ja.casefold(), material.name_en.casefold()}:
            return code
    known = ", ".join(f"{code} ({m.name_ja})" for code, m in catalogue.materials.items())
    raise UsageError(f"{source}: material {text!r} is not in the catalogue; there are {known}")


def _year(text: str | None, source: str) -> int | None:
    """Return the Gregorian year of 2025, 2025年度, 令和7年度, R7 or 平成元年."""
    if text is None:
        return None
    plain = unicodedata.normalize("NFKC", text).upper()
    year = None
    if era := _ERA_YEAR.fullmatch(plain):
        number = 1 if era[2] == "元" else int(era[2])
        year = _ERA_BEGINS[era[1]] + number - 1 if number else None
    elif gregorian := _PLAIN_YEAR.fullmatch(plain):
        year = int(gregorian[1])
    if year is None or year not in _YEARS:
        raise UsageError(
            f"{source}: laid_fiscal_year {text!r} is no year; give it as 2025 or 令和7"
        )
    return year
