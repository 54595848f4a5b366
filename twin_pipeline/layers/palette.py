"""The legend of rasters whose pixels are numbers of colours."""

import numpy as np

from twin_pipeline.layers.raster_file import Raster, as_decided
from twin_pipeline.layers.record import Legend, LegendItem

_MOST = 30


def palette_legend(raster: Raster, title: str) -> Legend:
    """Return the colours that occur in a raster with a palette, with their numbers."""
    with as_decided(raster) as dataset:
        shape = (min(dataset.height, 1024), min(dataset.width, 1024))
        values = dataset.read(raster.bands[0], out_shape=shape)
        good = dataset.read_masks(raster.bands[0], out_shape=shape) > 0
    present = np.unique(values[good]).tolist()
    palette = raster.palette or {}
    items = [
        LegendItem(title=str(value), colour="#{:02x}{:02x}{:02x}".format(*palette[value][:3]))
        for value in present[:_MOST]
        if value in palette and palette[value][3] > 0
    ]
    return Legend(title=title, items=tuple(items))
