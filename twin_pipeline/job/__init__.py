"""Facts of the job that no scan holds: read from a job file, put on the pipes of a site."""

from typing import TYPE_CHECKING

from twin_pipeline.deferred import deferred

if TYPE_CHECKING:
    from twin_pipeline.job.apply import with_job
    from twin_pipeline.job.facts import PipeFacts, SiteFacts, read_facts
    from twin_pipeline.job.file import JobFile, load_job_file
    from twin_pipeline.job.options import JobOptions
else:
    __getattr__ = deferred(
        __name__,
        {
            "with_job": "apply",
            "PipeFacts": "facts",
            "SiteFacts": "facts",
            "read_facts": "facts",
            "JobFile": "file",
            "load_job_file": "file",
            "JobOptions": "options",
        },
    )

__all__ = [
    "JobFile",
    "JobOptions",
    "PipeFacts",
    "SiteFacts",
    "load_job_file",
    "read_facts",
    "with_job",
]
