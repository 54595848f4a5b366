"""Names of the objects: stable for the same scan and pipe, and unique."""

import uuid

from twin_pipeline.export.attributes import SiteResult

_SPACE = uuid.UUID("6c1b52f5-5b0c-5e39-9a5c-0f3f1f4f6f0b")
"""Made once, for this purpose."""


def object_id(result: SiteResult, *names: object) -> str:
    """Return a gml:id; the same for the same scan, whatever else is in the run."""
    scan = result.provenance.get("sha256", "")
    key = "\x1f".join((scan, result.survey.site, *map(str, names)))
    return f"unf_{uuid.uuid5(_SPACE, key.encode('utf-8', 'surrogateescape').hex())}"
