"""What a survey is compared with: the road's boundary, the design, the rules of cover."""

from twin_pipeline.reference.apply import References, with_references
from twin_pipeline.reference.options import BoundaryOptions, CoverOptions, DesignOptions

__all__ = ["BoundaryOptions", "CoverOptions", "DesignOptions", "References", "with_references"]
