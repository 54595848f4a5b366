"""The server behind `twin-pipeline view OUT`: the built viewer beside one output folder."""

from typing import TYPE_CHECKING

from twin_pipeline.deferred import deferred

if TYPE_CHECKING:
    from twin_pipeline.view.policy import Access
    from twin_pipeline.view.server import ViewerServer, serve
else:
    __getattr__ = deferred(
        __name__,
        {
            "Access": "policy",
            "ViewerServer": "server",
            "serve": "server",
        },
    )

__all__ = ["Access", "ViewerServer", "serve"]
