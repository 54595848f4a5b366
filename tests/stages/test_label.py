import numpy as np
import pytest

from stages.made import make_tube, plane_points, pyramid_of, straight, trench_ground
from twin_pipeline.model import PointLabel
from twin_pipeline.stages.excavation import excavation
from twin_pipeline.stages.label import label_pipes, label_places

GROUND = trench_ground()
PLACES = {
    "pavement beside": ((5.0, 1.2, 0.004), PointLabel.GROUND),
    "pavement before the trench": ((-1.0, 0.0, -0.004), PointLabel.GROUND),
    "floor": ((5.0, 0.0, -1.3), PointLabel.TRENCH),
    "wall": ((5.0, 0.49, -0.6), PointLabel.TRENCH),
    "spoil beside": ((5.0, 1.2, 0.4), PointLabel.UNASSIGNED),
    "strut's jack above the trench": ((5.0, 0.0, 0.5), PointLabel.UNASSIGNED),
    "below the pavement, beside the trench": ((5.0, 1.2, -0.5), PointLabel.UNASSIGNED),
    "far away": ((100.0, 0.0, 0.0), PointLabel.UNASSIGNED),
}
XYZ = np.array([place for place, _ in PLACES.values()])


def _labels(pyramid, tubes=()):
    labels = label_places(pyramid, excavation(pyramid, GROUND))
    label_pipes(labels, pyramid, tubes)
    return labels


@pytest.mark.parametrize("name", PLACES)
def test_points_are_told_apart_by_place(name):
    labels = _labels(pyramid_of(XYZ))
    assert labels[list(PLACES).index(name)] == PLACES[name][1]


def test_labels_are_in_the_order_of_the_cloud():
    rng = np.random.default_rng(1)
    pavement = plane_points((0.0, 0.8), (10.0, 1.8), 0.0, rng, per_m2=200.0)
    floor = plane_points((0.0, -0.4), (10.0, 0.4), -1.3, rng, per_m2=200.0)
    points = np.vstack([pavement, floor])
    shuffled = rng.permutation(len(points))
    labels = _labels(pyramid_of(points[shuffled]))
    expected = np.where(shuffled < len(pavement), PointLabel.GROUND, PointLabel.TRENCH)
    assert np.array_equal(labels, expected)
    assert labels.dtype == np.uint16


def test_each_pipe_has_its_own_label_whatever_lies_there():
    pyramid = pyramid_of(XYZ)
    where = np.argsort(pyramid.order)
    tubes = [
        make_tube(straight(1.0), points=np.array([where[2]])),
        make_tube(straight(1.0), points=np.array([where[0], where[3]])),
    ]
    labels = _labels(pyramid, tubes)
    assert labels[2] == PointLabel.FIRST_PIPE
    assert labels[[0, 3]].tolist() == [PointLabel.FIRST_PIPE + 1] * 2
    assert labels[1] == PointLabel.GROUND


def test_without_ground_only_pipes_are_labelled():
    pyramid = pyramid_of(XYZ)
    tube = make_tube(straight(1.0), points=np.argsort(pyramid.order)[:2])
    labels = label_places(pyramid, None)
    label_pipes(labels, pyramid, [tube])
    assert labels.tolist() == [PointLabel.FIRST_PIPE] * 2 + [PointLabel.UNASSIGNED] * 6


def test_tubes_found_in_a_part_label_the_points_of_the_whole():
    pyramid = pyramid_of(XYZ)
    part = pyramid.part(lambda first, last: pyramid.order[first:last] < 4)
    tube = make_tube(straight(1.0), points=np.flatnonzero(part.order == 3))
    labels = label_places(pyramid, None)
    label_pipes(labels, part, [tube])
    assert np.flatnonzero(labels).tolist() == [3]
