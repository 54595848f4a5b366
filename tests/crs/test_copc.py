"""A cloud-optimised file (COPC) is read, placed and tiled like any other."""

from pathlib import Path

import numpy as np

from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.siting import locate
from twin_pipeline.stages.read import inspect_scan, read_cloud

# 2,000 points of pavement in Shinjuku, in three nodes, with a WKT record of EPSG:10170. The heights
# in its header are wrong by 0.1 m. Written by copclib 2.6.
SCAN = Path(__file__).parent / "zone9.copc.laz"


def test_its_record_places_it():
    info = inspect_scan(SCAN)
    assert info.crs.crs().to_epsg() == 10170
    assert "WKT" in info.crs.source
    placed = locate(info, Config(crs=CrsOptions(axis_order="en")))
    assert placed.decisions["crs"].source == "file (WKT record)"
    assert placed.decisions["geoid"].value == "gsigeo2011"
    assert placed.warnings == ()


def test_no_node_is_lost():
    cloud = read_cloud(SCAN)
    assert len(cloud) == 2000
    middle = cloud.xyz.mean(axis=0) + cloud.origin
    assert np.abs(middle - (-12_795.0, -34_397.5, 32.0)).max() < 0.2
