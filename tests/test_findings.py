"""Tees and ends of a ray-cast scan: a service leaves a main that ends in the open."""

from contextlib import nullcontext

import numpy as np
import pytest

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.extraction import extract
from twin_pipeline.model import PointCloud, Role
from twin_pipeline.synthetic import presets, scan
from twin_pipeline.synthetic.scene import Pipe

TEE_M, END_M, ANGLE_DEG = 3.0, 5.0, 60.0


def scene():
    reach = 1.2 / np.tan(np.radians(ANGLE_DEG))
    service = Pipe(
        material="HPPE",
        nominal_mm=75,
        role=Role.BRANCH,
        vertices=((TEE_M, 0.0, 1.06), (TEE_M + reach, 1.2, 1.06)),
        saddle=True,
    )
    whole = presets.trench(
        "DIP", 150, length_m=6.0, width_m=1.4, bedding=0.3, points=300_000,
        further_pipes=(service,),
    )  # fmt: skip
    main = whole.pipes[0]
    cover = main.vertices[-1][2]
    main = main.model_copy(update={"vertices": (main.vertices[0], (END_M, 0.0, cover))})
    return whole.model_copy(update={"pipes": (main, *whole.pipes[1:])})


@pytest.fixture(scope="module")
def pipes():
    xyz = scan(scene()).xyz
    cloud = PointCloud(xyz - xyz.mean(axis=0), xyz.mean(axis=0))
    return extract(cloud, Config(), load_catalogue(), lambda _: nullcontext()).pipes


def fittings(pipe, kind):
    return [fitting for fitting in pipe.fittings if fitting.kind.value == kind]


def test_a_main_and_its_branch_are_found(pipes):
    assert [pipe.role for pipe in pipes] == [Role.MAIN, Role.BRANCH]


def test_the_main_has_a_tee_where_the_branch_leaves_with_the_angle_between_them(pipes):
    (tee,) = fittings(pipes[0], "tee")
    assert np.hypot(tee.position[0] - TEE_M, tee.position[1]) < 0.03
    assert tee.angle_deg == pytest.approx(ANGLE_DEG, abs=1.0)
    assert tee.chainage_m in pipes[0].stations.chainage_m
    assert tee.branch_id == pipes[1].pipe_id


def test_the_clamp_of_the_tee_is_no_joint(pipes):
    (tee,) = fittings(pipes[0], "tee")
    joints = [joint.chainage_m for joint in fittings(pipes[0], "joint")]
    assert len(joints) == 1
    assert abs(joints[0] - tee.chainage_m) > 1.0


def test_only_the_end_in_the_open_is_an_end(pipes):
    (end,) = fittings(pipes[0], "end")
    assert end.position[0] == pytest.approx(END_M, abs=0.05)
    # at one end of the branch is the main, at the other the wall
    assert fittings(pipes[1], "end") == []
    assert fittings(pipes[1], "tee") == []
