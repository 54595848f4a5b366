"""Whether a drop is new, and may be the site that its name says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin_pipeline.durable.files import read_json
from twin_pipeline.durable.work import STATE
from twin_pipeline.errors import TwinPipelineError
from twin_pipeline.growing import standing_sites
from twin_pipeline.intake import answer
from twin_pipeline.intake.ledger import Ledger, Stage
from twin_pipeline.intake.units import Unit
from twin_pipeline.output import RECORD, SITES, require_site_name

_NAMELESS = {"name", "UsageError", "waiting", "died", "internal"}
"""Refusals that do not lie in the content, so that the same content may come again."""


def known_before(ledger: Ledger, unit: Unit, sha256: str) -> dict[str, Any] | None:
    """Return the answer where the same content came under another name."""
    for drop in ledger:
        if drop.name == unit.name or drop.sha256 != sha256 or drop.stage is Stage.WORKING:
            continue
        verdict = drop.answer["verdict"]
        if verdict == "duplicate" or drop.answer.get("superseded"):
            continue
        if verdict == "refused" and drop.answer["reason"]["kind"] in _NAMELESS:
            continue
        return answer.duplicate(drop.name, drop.site, verdict)
    return None


def misnamed(
    ledger: Ledger, out: Path, unit: Unit, digests: Sequence[str]
) -> dict[str, Any] | None:
    """Return the refusal of a unit whose site has a name that is no name, or another's."""
    try:
        require_site_name(unit.site_name, unit.name)
    except TwinPipelineError as error:
        return answer.refusal("UsageError", str(error))
    wanted = unit.site_name.casefold()
    taken = {drop.site.casefold(): drop.name for drop in ledger if drop.in_out}
    owner = taken.get(wanted)
    if owner == unit.name or owner in unit.files:
        return None
    if owner is None and _is_free(ledger, out, unit.site_name, digests):
        return None
    whose = owner or "a run that this watch did not make"
    return answer.refusal(
        "name", f"{unit.name}: the site {unit.site_name!r} stands in the output already, from "
        f"{whose}; send it under another name"
    )  # fmt: skip


def _is_free(ledger: Ledger, out: Path, site: str, digests: Sequence[str]) -> bool:
    """Whether the output folder has no site of that name, or one made from the same files."""
    if not (out / RECORD).exists():
        return True
    standing = {name.casefold(): name for name in standing_sites(out, "watch")}
    name = standing.get(site.casefold())
    if name is None or any(drop.site == name for drop in ledger):
        return True
    state = read_json(out / SITES / name / STATE) or {}
    made_from = {str(file.get("sha256")) for file in state.get("inputs", ())}
    return name == site and made_from <= set(digests)
