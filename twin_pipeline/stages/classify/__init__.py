"""Decide what each tube is: main, branch, crossing, or no pipe of this excavation at all."""

from twin_pipeline.stages.classify.options import ClassifyOptions
from twin_pipeline.stages.classify.roles import Classified, LeftOut, classify
from twin_pipeline.stages.classify.unlaid import ABOVE

__all__ = ["ABOVE", "Classified", "ClassifyOptions", "LeftOut", "classify"]
