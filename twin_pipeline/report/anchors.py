"""Names of the report's rows, by which the viewer's links find them."""

from urllib.parse import quote

from twin_pipeline.export.rows import clean_text

_AS_IN_PAGES = "!*'()"
"""What `encodeURIComponent` leaves as it is beside what `quote` does."""


def anchor(site: str, pipe_id: str, chainage_m: float | None = None) -> str:
    """Return the id of a pipe's row, or of a station's or fitting's at a chainage in metres."""
    parts = (quote(clean_text(part), safe=_AS_IN_PAGES) for part in (site, pipe_id))
    name = "/".join(("pipe", *parts))
    return name if chainage_m is None else f"{name}/{chainage_m:.3f}"
