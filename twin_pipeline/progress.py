"""What a run tells while it works; where it is shown, if at all, is the command line's affair."""


class Progress:
    """Receives news of a run. This one keeps silent; children show what they get."""

    def sites(self, done: int, total: int) -> None:
        """Take note that several sites are to be done, of which some are already."""

    def site(self, name: str, number: int, total: int) -> None:
        """Take note that work on a site begins; `number` counts from 1."""

    def stage(self, name: str) -> None:
        """Take note that a step of the current site begins, e.g. "read"."""

    def stage_of(self, name: str, stage: str) -> None:
        """Take note that a step of a site begins, while others may be under way."""
        _ = name
        self.stage(stage)

    def advance_of(self, name: str, done: int, total: int) -> None:
        """Take note how much of a site's step is done, while others may be under way."""
        _ = name
        self.advance(done, total)

    def ended(self, name: str, done: int, total: int, failure: str | None) -> None:
        """Take note that a site is done, or why it failed; it is number `done` of `total`."""

    def advance(self, done: int, total: int) -> None:
        """Take note how much of the current step is done, in the step's own unit."""

    def note(self, message: str) -> None:
        """Take a message that the user should see and that is no warning of the result."""
