"""A watch begins: its folders, its locks, its memory."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import platformdirs

from twin_pipeline.config import Config
from twin_pipeline.durable.inputs import digest_of
from twin_pipeline.durable.lock import HeldError, locked
from twin_pipeline.durable.log import EventLog
from twin_pipeline.errors import OutputError
from twin_pipeline.intake.inbox import open_inbox
from twin_pipeline.intake.ledger import Ledger
from twin_pipeline.intake.service import Note, Told, Watch
from twin_pipeline.output import require_free, unwritable
from twin_pipeline.remote import address_of


def state_folder(out: Path) -> Path:
    """Return where a watch keeps what it has done, beside its output folder."""
    place = out.resolve()
    return place.with_name(f".{place.name}.watch")


@contextmanager
def watch(folder: Path, out: Path, config: Config, told: Told, note: Note) -> Iterator[Watch]:
    """Yield a watch on a folder; one at a time for a folder and for an output.

    Parameters
    ----------
    told
        Called with each answer once it is given.
    note
        Called with a line for the log of the one who runs it.

    Raises
    ------
    InputError
        When the folder is not there.
    OutputError
        When another watch is at work, or `out` can't be written or is none of ours.
    """
    state = state_folder(out)
    inbox = open_inbox(folder, out, state / "spool")
    require_free(out, overwrite=True)
    with ExitStack() as stack:
        try:
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
            stack.enter_context(locked(state / "lock"))
            stack.enter_context(locked(_folder_lock(folder)))
        except HeldError as error:
            raise OutputError(
                f"{folder}: another watch ({error.holder}) works on this folder or into {out}; end "
                "it first"
            ) from error
        except OSError as error:
            raise unwritable(out, error) from error
        log = stack.enter_context(EventLog(state / "log.jsonl"))
        yield Watch(inbox, out, config, Ledger(state), log, told, note)


def _folder_lock(folder: Path) -> Path:
    name = address_of(folder) or str(folder.resolve())
    place = platformdirs.user_state_path("twin-pipeline") / "watched"
    place.mkdir(parents=True, exist_ok=True)
    return place / digest_of(name)[:24]
