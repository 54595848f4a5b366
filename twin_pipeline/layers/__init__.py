"""Context beside the pipes: other people's data and services as layers of a finished output.

`OUT/layers/layers.json` says which layers there are; what viewers and catalogues show is made
from it anew whenever it or the run changes. A layer's own files lie in `OUT/layers/NAME-HASH/`.
"""

from twin_pipeline.layers.catalogues import show_layers
from twin_pipeline.layers.check import layer_problems
from twin_pipeline.layers.folder import FOLDER, keep_layers, read_layers, remove_layers
from twin_pipeline.layers.record import Layer

__all__ = [
    "FOLDER",
    "Layer",
    "keep_layers",
    "layer_problems",
    "read_layers",
    "remove_layers",
    "show_layers",
]
