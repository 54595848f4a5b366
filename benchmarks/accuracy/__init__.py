"""Accuracy of the extraction on ray-cast scenes whose truth is known."""
