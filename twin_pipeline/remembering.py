"""What a site is found to hold, kept until its tiles are written: a run may die before that."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twin_pipeline.codec import pack, unpack
from twin_pipeline.durable.files import remove, write_bytes
from twin_pipeline.errors import InputError, plain_interrupts
from twin_pipeline.model import Survey

_NAME, _IDENTITY = "survey", "identity"


@dataclass(frozen=True, slots=True)
class Memory:
    """A folder that outlives the process."""

    folder: Path
    identity: str
    """What the survey is made from and how; one of another identity is not believed."""

    def survey(self) -> Survey | None:
        """Return what was found before; None where it has to be found."""
        try:
            if (self.folder / _IDENTITY).read_text("utf-8") != self.identity:
                return None
            found: Survey = unpack((self.folder / _NAME).read_bytes(), self.folder / _NAME)
        except (OSError, InputError):
            return None
        return found

    def keep(self, survey: Survey) -> None:
        """Keep what was found; it is on the disk when this returns."""
        remove(self.folder)
        self.folder.mkdir(parents=True)
        write_bytes(self.folder / _NAME, pack(survey))
        write_bytes(self.folder / _IDENTITY, self.identity.encode())


@contextmanager
def remembered(memory: Memory) -> Iterator[Memory]:
    """Yield the memory; an error leaves nothing of it, what is ended from outside may go on."""
    try:
        with plain_interrupts():
            yield memory
    except Exception:
        remove(memory.folder)
        raise
