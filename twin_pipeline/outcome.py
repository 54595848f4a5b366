"""What the work on one site gives to the run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.run_record import InputFile


@dataclass(frozen=True, slots=True, eq=False)
class SiteOutcome:
    """What one site gives to the run."""

    result: SiteResult
    inputs: tuple[InputFile, ...]
    counts: Mapping[str, int]
    timings: Mapping[str, float]
    """Seconds a stage."""
    memory_mb: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Peak of the process's memory a stage."""
    warnings: tuple[str, ...] = ()
