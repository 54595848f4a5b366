"""From the scan of an open trench to measured water pipes, attribute files and 3D Tiles."""

__version__ = "0.1.0"
