"""Moves scans to where they belong: onto control points, and onto each other.

Knows nothing of files of scans or coordinate reference systems: clouds and coordinates in, a
`Similarity` out, with what it rests on and how far it can be trusted.
"""

from twin_pipeline.registration.align import INSTALL, Alignment, align, available
from twin_pipeline.registration.carried import with_registration
from twin_pipeline.registration.control import Control, control_of
from twin_pipeline.registration.fit import Fit
from twin_pipeline.registration.options import RegistrationOptions
from twin_pipeline.registration.similarity import Similarity, lifted
from twin_pipeline.registration.targets import read_targets

__all__ = [
    "INSTALL",
    "Alignment",
    "Control",
    "Fit",
    "RegistrationOptions",
    "Similarity",
    "align",
    "available",
    "control_of",
    "lifted",
    "read_targets",
    "with_registration",
]
