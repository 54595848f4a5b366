"""The job file: TOML or CSV, keyed by site."""

import csv
import hashlib
import io
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twin_pipeline.catalogue import Catalogue, load_catalogue
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.job.facts import PipeFacts, SiteFacts, read_facts

SITE_NAMES = ("site", "現場")
PIPE_NAMES = ("pipe_id", "管ID", "管路ID")
_ENCODINGS = ("utf-8-sig", "cp932")

_Stated = tuple[str, str | None, Mapping[str, object], str]
"""Site, pipe or None for all of the site, facts by name, and where they stand."""


@dataclass(frozen=True, slots=True)
class JobFile:
    """What a job file states."""

    path: str
    sha256: str
    sites: Mapping[str, SiteFacts]

    def of(self, site: str) -> SiteFacts:
        """Return what is stated of a site, nothing where the file doesn't have it."""
        return self.sites.get(site, SiteFacts(source=self.path, sha256=self.sha256))

    def require_any(self, sites: Iterable[str]) -> None:
        """Raise UsageError unless one of the sites is in the file: names may have a slip."""
        wanted = list(sites)
        if not any(site in self.sites for site in wanted):
            raise UsageError(
                f"{self.path}: states nothing of {', '.join(wanted[:3])}; it has "
                f"{', '.join(list(self.sites)[:3]) or 'no site at all'}: sites are named after "
                "their scans, without the suffix"
            )


def load_job_file(path: str | Path) -> JobFile:
    """Read a job file; the same content is read once.

    Raises
    ------
    InputError
        When the file can't be read.
    UsageError
        When it states what can't be.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); see --job") from error
    return _parsed(str(path), content)


@lru_cache(maxsize=4)
def _parsed(path: str, content: bytes) -> JobFile:
    is_toml = Path(path).suffix.lower() == ".toml"
    stated = _toml(path, content) if is_toml else _csv(path, content)
    sha256 = hashlib.sha256(content).hexdigest()
    sites = _by_site(stated, path, sha256, load_catalogue())
    return JobFile(path, sha256, MappingProxyType(sites))


def _by_site(
    stated: Iterator[_Stated], path: str, sha256: str, catalogue: Catalogue
) -> dict[str, SiteFacts]:
    found: dict[str, dict[str | None, PipeFacts]] = {}
    for site, pipe_id, facts, where in stated:
        of_site = found.setdefault(site, {})
        if pipe_id in of_site:
            of = f"pipe {pipe_id} of site {site}" if pipe_id else f"site {site}"
            raise UsageError(f"{where}: {of} stands in the file twice; leave one of them out")
        of_site[pipe_id] = read_facts(facts, where, catalogue)
    return {
        site: SiteFacts(
            shared=facts.get(None, PipeFacts()),
            pipes={pipe_id: value for pipe_id, value in facts.items() if pipe_id is not None},
            source=path,
            sha256=sha256,
        )
        for site, facts in found.items()
    }


def _toml(path: str, content: bytes) -> Iterator[_Stated]:
    try:
        tables = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: is no TOML file in UTF-8 ({error})") from error
    unknown = tables.keys() - {"sites"}
    if unknown:
        raise UsageError(
            f"{path}: [{min(unknown)}] is no part of a job file; facts stand in [sites.NAME]"
        )
    for site, facts in _tables(tables.get("sites", {}), f"{path}: [sites]"):
        where = f"{path}: [sites.{site}]"
        pipes = facts.pop("pipes", {})
        yield site, None, facts, where
        for pipe_id, of_pipe in _tables(pipes, f"{where}: pipes"):
            yield site, pipe_id, of_pipe, f"{path}: [sites.{site}.pipes.{pipe_id}]"


def _tables(value: object, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        raise UsageError(f"{where} is no table of tables; see docs/formats.md")
    for name, table in value.items():
        yield name, dict(table)


def _csv(path: str, content: bytes) -> Iterator[_Stated]:
    lines = csv.reader(io.StringIO(_decoded(path, content), newline=""))
    rows = [(number, row) for number, row in enumerate(lines, start=1) if any(map(str.strip, row))]
    if not rows:
        raise UsageError(f"{path}: is empty; its first line must name the columns")
    (_, first), *rest = rows
    head = [name.strip() for name in first]
    site_at = next((i for i, name in enumerate(head) if name in SITE_NAMES), None)
    pipe_at = next((i for i, name in enumerate(head) if name in PIPE_NAMES), None)
    if site_at is None:
        raise UsageError(f"{path}: has no column {' or '.join(SITE_NAMES)}, by which it is keyed")
    if len(set(head)) != len(head):
        raise UsageError(f"{path}: names a column twice; leave one of them out")
    for number, row in rest:
        where = f"{path}: line {number}"
        if len(row) != len(head):
            raise UsageError(f"{where}: has {len(row)} cells instead of {len(head)}")
        site = row[site_at].strip()
        if not site:
            raise UsageError(f"{where}: names no site")
        pipe_id = row[pipe_at].strip() or None if pipe_at is not None else None
        keys = {site_at, pipe_at}
        yield site, pipe_id, {n: row[i] for i, n in enumerate(head) if i not in keys}, where


def _decoded(path: str, content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(f"{path}: is neither UTF-8 nor CP932 (Shift JIS); save it as CSV UTF-8")
