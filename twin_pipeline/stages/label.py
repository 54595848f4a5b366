"""Tell for every point whether it lies on a pipe, on the pavement or in the trench."""

from collections.abc import Sequence

import numpy as np

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Excavation
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import LabelArray, PointLabel


def label_places(pyramid: Pyramid, place: Excavation | None) -> LabelArray:
    """Return labels (N,) in the cloud's order of pavement and trench, values as in `PointLabel`."""
    labels: LabelArray = pyramid.zeros(np.uint16, len(pyramid.xyz))
    if place is not None:
        for first, last in pyramid.spans():
            order = pyramid.order[first:last]
            labels[order[place.on_pavement(first, last)]] = PointLabel.GROUND
            labels[order[place.dug(first, last)]] = PointLabel.TRENCH
    return labels


def label_pipes(labels: LabelArray, searched: Pyramid, tubes: Sequence[Tube]) -> None:
    """Label in the cloud's order the points of tubes, each with its own number.

    The tubes' points count in the pyramid in which they were searched for, a part of the whole.
    """
    for number, tube in enumerate(tubes):
        labels[searched.order[tube.points]] = PointLabel.FIRST_PIPE + number
