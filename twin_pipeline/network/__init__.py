"""The command `overview`: a whole network at a glance, from the attribute files of its sites."""

from twin_pipeline.network.overview import Overview, Wanted, overview

__all__ = ["Overview", "Wanted", "overview"]
