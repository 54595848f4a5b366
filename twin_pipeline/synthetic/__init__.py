"""Synthetic scans of open trenches whose truth is known exactly.

A scene is described (`Scene`), its surfaces are met by the rays of a hand-held scanner on its
walk, and the hits are disturbed as a scanner disturbs them: so occlusion, incidence and density
are those of a real scan. Nothing here knows how pipes are detected.
"""

from twin_pipeline.synthetic.scanning import Scan, scan
from twin_pipeline.synthetic.scene import Scene, load_scene
from twin_pipeline.synthetic.truth import ObjectId, PipeTruth, Truth, write_truth
from twin_pipeline.synthetic.write import write_las

__all__ = [
    "ObjectId",
    "PipeTruth",
    "Scan",
    "Scene",
    "Truth",
    "load_scene",
    "scan",
    "write_las",
    "write_truth",
]
