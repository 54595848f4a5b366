"""Axes of tubes by votes: where patches vote for, where votes pile up, which of these are kept."""

from twin_pipeline.kernels.hough.votes import axis_votes, suppress, vote_peaks

__all__ = ["axis_votes", "suppress", "vote_peaks"]
