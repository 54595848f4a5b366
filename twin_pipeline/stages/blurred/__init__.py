"""Find and measure thin mains in noise of a quarter to half of their radius."""

from twin_pipeline.stages.blurred.legs import joined
from twin_pipeline.stages.blurred.ridges import Ridge, ridges
from twin_pipeline.stages.blurred.tube import STARTS_M, Fit, fitted

__all__ = ["STARTS_M", "Fit", "Ridge", "fitted", "joined", "ridges"]
