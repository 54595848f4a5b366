"""What a survey is compared with: the road's boundary, the design, the rules of cover."""

from typing import TYPE_CHECKING

from twin_pipeline.deferred import deferred

if TYPE_CHECKING:
    from twin_pipeline.reference.apply import References, with_references
    from twin_pipeline.reference.options import BoundaryOptions, CoverOptions, DesignOptions
else:
    __getattr__ = deferred(
        __name__,
        {
            "References": "apply",
            "with_references": "apply",
            "BoundaryOptions": "options",
            "CoverOptions": "options",
            "DesignOptions": "options",
        },
    )

__all__ = ["BoundaryOptions", "CoverOptions", "DesignOptions", "References", "with_references"]
