"""Tell for every point whether it lies on a pipe, on the pavement or in the trench."""

from collections.abc import Sequence

import numpy as np

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.surface import Excavation
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import LabelArray, PointLabel


def label_points(
    pyramid: Pyramid, place: Excavation | None, searched: Pyramid, tubes: Sequence[Tube]
) -> LabelArray:
    """Return labels (N,) in the cloud's order, values as in `PointLabel`.

    The tubes' points count in the pyramid in which they were searched for, a part of the whole.
    """
    labels = np.zeros(len(pyramid.xyz), np.uint16)
    if place is not None:
        labels[pyramid.order[place.on_pavement]] = PointLabel.GROUND
        labels[pyramid.order[place.dug]] = PointLabel.TRENCH
    for number, tube in enumerate(tubes):
        labels[searched.order[tube.points]] = PointLabel.FIRST_PIPE + number
    return labels
