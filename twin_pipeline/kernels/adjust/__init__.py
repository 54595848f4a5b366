"""Adjust a tube to points: how they are seen from its axis, which may count, and the steps.

Frame: local, metres.
"""
