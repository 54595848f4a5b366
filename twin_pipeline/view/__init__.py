"""The server behind `twin-pipeline view OUT`: the built viewer beside one output folder."""

from twin_pipeline.view.server import CONTENT_SECURITY_POLICY, ViewerServer, serve

__all__ = ["CONTENT_SECURITY_POLICY", "ViewerServer", "serve"]
