"""Puts the facts of the job on the pipes of a site."""

from dataclasses import replace

from twin_pipeline.catalogue import Catalogue
from twin_pipeline.job.facts import PipeFacts, SiteFacts, over
from twin_pipeline.model import Pipe, Survey
from twin_pipeline.stages.nominal import NominalOptions, decide_nominal


def with_job(
    survey: Survey, facts: SiteFacts, catalogue: Catalogue, options: NominalOptions
) -> Survey:
    """Return the survey with what is stated of its pipes.

    A material decides the nominal diameter anew. What is stated of a pipe that the site doesn't
    have becomes a warning.
    """
    present = {pipe.pipe_id for pipe in survey.pipes}
    stray = [
        f"{facts.source}: states facts of {pipe_id}, but {survey.site} has no such pipe"
        for pipe_id in facts.pipes
        if pipe_id not in present
    ]
    if facts.source is not None and facts.states_nothing():
        stray = [f"{facts.source}: states nothing of site {survey.site}"]
    pipes = tuple(_with_facts(pipe, facts, catalogue, options) for pipe in survey.pipes)
    return replace(survey, pipes=pipes, warnings=(*survey.warnings, *stray))


def _with_facts(
    pipe: Pipe, facts: SiteFacts, catalogue: Catalogue, options: NominalOptions
) -> Pipe:
    own = facts.pipes.get(pipe.pipe_id, PipeFacts())
    job = pipe.job
    for stated in (facts.shared.job, own.job):
        job = over(stated, job)
    material = own.material or facts.shared.material
    if material is not None and material != pipe.material:
        pipe = _of_material(pipe, material, catalogue, options)
    return replace(pipe, job=job)


def _of_material(pipe: Pipe, material: str, catalogue: Catalogue, options: NominalOptions) -> Pipe:
    """Decide the nominal diameter again, and say in the quality's reason what is open now."""
    size = pipe.outer_diameter_m, pipe.outer_diameter_std_m, catalogue
    before = decide_nominal(*size, options.model_copy(update={"material": pipe.material}))
    after = decide_nominal(*size, options.model_copy(update={"material": material}))
    reasons = [r for r in pipe.quality_reason.split("; ") if r and r != before.explanation]
    if after.explanation is not None:
        reasons.append(after.explanation)
    seen = f"seen over {100.0 * pipe.observed_fraction:.0f} % of its length"
    return replace(
        pipe,
        material=material,
        nominal_diameter_mm=after.diameter_mm,
        nominal_probability=after.probability,
        quality_reason="; ".join(reasons) or seen,
    )
