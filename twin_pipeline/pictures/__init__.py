"""Pictures of how the pipes of a site were found and measured, for who wants to know why."""

from typing import TYPE_CHECKING

from twin_pipeline.deferred import deferred

if TYPE_CHECKING:
    from twin_pipeline.pictures.folder import require_place
    from twin_pipeline.pictures.options import DebugOptions
    from twin_pipeline.pictures.record import Record
    from twin_pipeline.pictures.write import write_pictures
else:
    __getattr__ = deferred(
        __name__,
        {
            "require_place": "folder",
            "DebugOptions": "options",
            "Record": "record",
            "write_pictures": "write",
        },
    )

__all__ = ["DebugOptions", "Record", "require_place", "write_pictures"]
