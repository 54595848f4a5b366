"""What tiles take from a scan, and how it comes."""

ALWAYS = ("red", "green", "blue", "intensity", "classification")
"""Dimensions that tiles carry wherever the scan has them."""

ASKED = ("return_number", "withheld", "gps_time")
"""Dimensions that tiles carry where they are asked for."""

CHUNK_POINTS = 200_000
"""Few enough that a chunk on its way to the disk hardly leaves the processor's cache."""
