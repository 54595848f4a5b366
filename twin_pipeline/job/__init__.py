"""Facts of the job that no scan holds: read from a job file, put on the pipes of a site."""

from twin_pipeline.job.apply import with_job
from twin_pipeline.job.facts import PipeFacts, SiteFacts, read_facts
from twin_pipeline.job.file import JobFile, load_job_file
from twin_pipeline.job.options import JobOptions

__all__ = [
    "JobFile",
    "JobOptions",
    "PipeFacts",
    "SiteFacts",
    "load_job_file",
    "read_facts",
    "with_job",
]
