"""Decide what each tube is: main, branch, crossing, or no pipe of this excavation at all."""

from twin_pipeline.stages.classify.options import ClassifyOptions
from twin_pipeline.stages.classify.roles import Classified, LeftOut, classify

__all__ = ["Classified", "ClassifyOptions", "LeftOut", "classify"]
