"""The server behind `twin-pipeline view OUT`: the built viewer beside one output folder."""

from twin_pipeline.view.policy import Access
from twin_pipeline.view.server import ViewerServer, serve

__all__ = ["Access", "ViewerServer", "serve"]
