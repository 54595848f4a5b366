"""The watch: looks into the folder, works on what is complete, answers, and forgets nothing."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from twin_pipeline.config import Config
from twin_pipeline.durable.inputs import digest_of, sha256_of
from twin_pipeline.durable.log import EventLog
from twin_pipeline.errors import OutputError, TwinPipelineError
from twin_pipeline.intake import answer
from twin_pipeline.intake.admission import known_before, misnamed
from twin_pipeline.intake.inbox import Inbox, Listing, Stamp
from twin_pipeline.intake.ledger import Drop, Ledger, Stage
from twin_pipeline.intake.names import answers_to
from twin_pipeline.intake.settling import Settling, lacking
from twin_pipeline.intake.units import Unit, may_be_manifest, units_of
from twin_pipeline.intake.working import DiedError, Task, work_on

_MOST_DEATHS = 2
_LATER_S = 30.0

Told = Callable[[Mapping[str, Any]], None]
Note = Callable[[str], None]


class Watch:
    """Keeps in mind what the folder looked like; all that counts is in the ledger."""

    def __init__(
        self, inbox: Inbox, out: Path, config: Config, ledger: Ledger, log: EventLog, told: Told,
        note: Note,
    ) -> None:  # fmt: skip
        self._inbox = inbox
        self._out = out
        self._config = config
        self._ledger = ledger
        self._log = log
        self._told = told
        self._note = note
        self._settling = Settling(config.watch)
        self._later: dict[str, float] = {}
        self._noted: dict[str, str] = {}
        self.not_accepted = 0
        """Answers that were no acceptance."""

    def once(self) -> None:
        """Answer all that is complete; files that are being copied are left for the next time.

        Raises
        ------
        OutputError
            When the folder can't be looked at.
        """
        if self._look():
            time.sleep(self._config.watch.settle_s)
            self._look()

    def forever(self) -> None:
        """Look at the folder again and again; ends by an exception only."""
        while True:
            try:
                self._look()
                self._noted.pop("", None)
            except OutputError as error:
                self._say_once("", str(error))
            time.sleep(self._config.watch.interval_s)

    def _look(self) -> bool:
        """Work on what is ready; return whether something must settle first."""
        try:
            listing = self._inbox.listing()
            self._settling.look(listing)
            units = list(units_of(listing, self._settled, self._inbox, self._config))
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(
                f"{error.filename or 'the folder'}: can't be looked at ({reason}); check it, the "
                "network and the keys"
            ) from error
        waits = any(may_be_manifest(name) and not self._settled(name) for name in listing)
        for unit in units:
            try:
                waits |= self._consider(unit, listing)
            except OSError as error:
                self._put_off(unit, error.strerror or str(error))
        return waits

    def _settled(self, name: str) -> bool:
        return not self._inbox.settles or self._settling.settled(name)

    def _consider(self, unit: Unit, listing: Listing) -> bool:
        """Do what is to be done about a unit now; return whether it has to settle."""
        files = {name: _text(listing[name]) for name in unit.files}
        known = self._ledger.get(unit.name)
        if known is not None and known.files == files and known.stage is not Stage.WORKING:
            if known.stage is Stage.DECIDED:
                self._deliver(known)
            return False
        if not all(self._settled(name) for name in unit.files):
            self._say_once(unit.name, "is still being copied")
            return True
        if unit.refused is not None:
            self._decide(unit, files, "", self._refused(unit, unit.refused))
        elif unit.waits_for:
            self._wait_for(unit, files)
        elif not (self._is_put_off(unit) or self._incomplete(unit)):
            self._take(unit, files, known)
        return False

    def _is_put_off(self, unit: Unit) -> bool:
        return self._later.get(unit.name, 0.0) > time.monotonic()

    def _wait_for(self, unit: Unit, files: Mapping[str, str]) -> None:
        reason = f"{', '.join(unit.waits_for[:5])} has not come"
        if not self._settling.given_up(unit.files[0]):
            self._say_once(unit.name, f"waits: {reason}")
            return
        self._decide(unit, files, "", answer.refusal("waiting", f"{unit.name}: {reason}"))

    def _incomplete(self, unit: Unit) -> bool:
        """Whether a file lacks bytes that may still come; objects of a store never do."""
        if not self._inbox.settles:
            return False
        for name in unit.files:
            lacks = lacking(self._inbox.place(name))
            if lacks is not None and not self._settling.given_up(name):
                self._say_once(unit.name, f"{name} {lacks}; waiting for the rest")
                return True
        return False

    def _take(self, unit: Unit, files: Mapping[str, str], known: Drop | None) -> None:
        """Work on a unit whose files are all there."""
        places = [self._inbox.local(name) for name in unit.files]
        try:
            digests = [sha256_of(path) for path in places]
            sha256 = digests[0] if len(digests) == 1 else digest_of(digests)
            if known is not None and known.sha256 == sha256 and known.stage is not Stage.WORKING:
                self._ledger.put(replace(known, files=files))  # touched, not changed
                return
            told = known_before(self._ledger, unit, sha256) or misnamed(
                self._ledger, self._out, unit, digests
            )
            if told is not None:
                self._decide(unit, files, sha256, told)
                return
            self._work(unit, files, sha256, known)
        finally:
            for name in unit.files:
                self._inbox.release(name)

    def _work(self, unit: Unit, files: Mapping[str, str], sha256: str, known: Drop | None) -> None:
        if unit.site is None:
            return
        same = known is not None and known.sha256 == sha256
        deaths = known.deaths if known is not None and same else 0
        before = known.answer if known is not None else {}
        working = Drop(unit.name, unit.site_name, files, sha256, Stage.WORKING, deaths, before)
        self._ledger.put(working)
        for name in answers_to(unit.name):
            self._inbox.withdraw(name)
        self._say(unit.name, "is complete; checking and processing it")
        accepted = str(before.get("verdict", "")).startswith("accepted") and working.in_out
        parts = [drop for drop in self._ledger if drop.name in unit.files and drop.in_out]
        task = Task(
            unit.site(), self._out, self._config, sha256, self._ledger.checked(unit.name),
            keeps=accepted, without=tuple(drop.site for drop in parts),
        )  # fmt: skip
        try:
            found = work_on(task)
        except DiedError as error:
            self._died(unit, working, str(error))
            return
        if self._changed(unit, files):
            self._say(unit.name, "changed while it was worked on; it will be looked at again")
            return
        self._conclude(unit, working, found, parts)

    def _changed(self, unit: Unit, files: Mapping[str, str]) -> bool:
        now = {name: self._inbox.stamp(name) for name in unit.files}
        return any(stamp is None or _text(stamp) != files[name] for name, stamp in now.items())

    def _died(self, unit: Unit, working: Drop, how: str) -> None:
        deaths = working.deaths + 1
        self._ledger.put(replace(working, deaths=deaths))
        self._say(unit.name, f"its process {how}")
        if deaths >= _MOST_DEATHS:
            told = answer.refusal("died", f"{unit.name}: its process {how}, {deaths} times")
            self._decide(unit, working.files, working.sha256, told)

    def _conclude(
        self, unit: Unit, working: Drop, found: Mapping[str, Any], parts: list[Drop]
    ) -> None:
        kind = found["kind"]
        if kind in {"later", "operator"}:
            self._put_off(unit, found["reason"])
            return
        if kind == "done":
            told = answer.verdict_of(found)
            if told["in_output"]:
                for drop in parts:
                    gone = {**drop.answer, "in_output": False, "superseded": unit.name}
                    self._ledger.put(replace(drop, answer=gone))
            elif working.in_out:
                told["in_output"] = True
        else:
            name = found["error"] if kind == "refused" else kind
            told = answer.refusal(name, self._for_senders(unit, found["reason"]))
            told["in_output"] = working.in_out
        self._decide(unit, working.files, working.sha256, told)
        self._ledger.checked(unit.name).unlink(missing_ok=True)

    def _for_senders(self, unit: Unit, reason: str) -> str:
        """Return a reason without paths of this machine and without what only we can do."""
        for name in unit.files:
            reason = reason.replace(str(self._inbox.place(name)), name)
        return re.sub(r",? or give --[^;]*", "", reason)

    def _decide(
        self, unit: Unit, files: Mapping[str, str], sha256: str, told: Mapping[str, Any]
    ) -> None:
        made = answer.complete(told, unit.name, unit.site_name, unit.files, sha256)
        drop = Drop(unit.name, unit.site_name, files, sha256, Stage.DECIDED, answer=made)
        self._ledger.put(drop)
        self._deliver(drop)

    def _deliver(self, drop: Drop) -> None:
        """Write the result files; where that fails, it is tried again at the next look."""
        for_programs, for_people = answers_to(drop.name)
        try:
            self._inbox.put(for_people, answer.as_text(drop.answer))
            self._inbox.put(for_programs, answer.as_json(drop.answer))
        except OSError as error:
            reason = error.strerror or str(error)
            self._say_once(drop.name, f"{for_programs} can't be written ({reason}); trying again")
            return
        self._ledger.put(replace(drop, stage=Stage.ANSWERED))
        verdict = drop.answer["verdict"]
        self.not_accepted += verdict in {"rescan", "refused"}
        self._noted.pop(drop.name, None)
        self._log.write("answered", name=drop.name, verdict=verdict, site=drop.site)
        self._told(drop.answer)

    def _refused(self, unit: Unit, why: TwinPipelineError | str) -> dict[str, Any]:
        kind = "format" if isinstance(why, str) else type(why).__name__
        return answer.refusal(kind, self._for_senders(unit, str(why)))

    def _put_off(self, unit: Unit, reason: str) -> None:
        """Try again later: the reason does not lie in the file."""
        self._later[unit.name] = time.monotonic() + _LATER_S
        self._say_once(unit.name, f"put off: {reason}")

    def _say(self, name: str, text: str) -> None:
        self._noted[name] = text
        self._log.write("note", name=name, text=text)
        self._note(f"{name}: {text}" if name else text)

    def _say_once(self, name: str, text: str) -> None:
        if self._noted.get(name) != text:
            self._say(name, text)


def _text(stamp: Stamp) -> str:
    return f"{stamp.size} {stamp.changed}"
