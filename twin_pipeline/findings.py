"""What is decided about each tube beside its measures: role, nominal diameter, fittings."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twin_pipeline.catalogue import Catalogue
from twin_pipeline.config import Config
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import Fitting, FittingKind, FloatArray, Role
from twin_pipeline.stages.classify import Classified
from twin_pipeline.stages.describe import Finding, position
from twin_pipeline.stages.ends import ends_in_the_open
from twin_pipeline.stages.fittings import find_bends, find_joints
from twin_pipeline.stages.flattening import flattening
from twin_pipeline.stages.nominal import NominalOptions, decide_nominal
from twin_pipeline.stages.tees import Tee, find_tees

_CLAMP_M = 0.05
"""How far the middle of what stands out of the main is from the tee whose clamp it is."""


def findings_of(
    found: Sequence[Classified],
    xyz: FloatArray,
    searched: Pyramid,
    config: Config,
    catalogue: Catalogue,
) -> list[Finding]:
    """Return what is decided about each tube.

    Parameters
    ----------
    xyz
        (N, 3) all points, metres, local frame.
    searched
        Those among which the tubes were found.
    """
    tubes = [item.tube for item in found]
    tees = find_tees(tubes, config.tees)
    low = low_sockets(config, catalogue)
    findings = []
    for number, item in enumerate(found):
        tube = _maybe_sleeved(item.tube, catalogue, config.nominal)
        nominal = decide_nominal(
            2.0 * tube.radius_m, 2.0 * tube.radius_std_m, catalogue, config.nominal
        )
        tube, note = _flexible(tube, nominal.diameter_mm, catalogue, config.nominal)
        own = [tee for tee in tees if tee.main == number]
        leaves = {tee.at_start for tee in tees if tee.branch == number}
        fittings = (
            *_bends(tube, config, catalogue),
            *_joints(tube, own, searched, config, low_sockets=low),
            *(_tee(tube, tee) for tee in own),
            *_ends(tube, leaves, xyz),
        )
        findings.append(
            Finding(
                pipe_id=_pipe_id(number),
                tube=tube,
                role=_role(item, [found[tee.main] for tee in tees if tee.branch == number]),
                material=config.nominal.material,
                nominal_diameter_mm=nominal.diameter_mm,
                nominal_probability=nominal.probability,
                nominal_note=nominal.explanation or note,
                fittings=fittings,
            )
        )
    return findings


def low_sockets(config: Config, catalogue: Catalogue) -> bool:
    """Tell whether pipes of the material have sockets hardly higher than their wall."""
    code = config.nominal.material
    return code is not None and catalogue.material(code).low_sockets


def _maybe_sleeved(tube: Tube, catalogue: Catalogue, options: NominalOptions) -> Tube:
    """Return a tube with what a sleeve that the scan can't show may add, if there may be one."""
    code = options.material
    if code is not None and not catalogue.material(code).sleeved:
        return tube
    return replace(
        tube,
        radius_std_m=math.hypot(tube.radius_std_m, tube.sleeve_std_m),
        crown_std_m=np.hypot(tube.crown_std_m, tube.sleeve_std_m),
    )


def _flexible(
    tube: Tube, nominal_mm: int | None, catalogue: Catalogue, options: NominalOptions
) -> tuple[Tube, str | None]:
    """Return a tube with what flattening may do to it, and what is to be told of that."""
    code = options.material
    if code is None or not catalogue.material(code).flexible:
        return tube, None
    size_m = None if nominal_mm is None else catalogue.size(code, nominal_mm).outer_diameter_m
    tolerance_m = math.hypot(options.size_tolerance * (size_m or 0.0), options.coating_std_m)
    found = flattening(
        2.0 * tube.radius_m, 2.0 * tube.radius_std_m, 2.0 * tube.oval_std_m, size_m, tolerance_m
    )
    flattened = replace(
        tube,
        radius_std_m=math.hypot(tube.radius_std_m, 0.5 * found.diameter_std_m),
        std_v_m=np.hypot(tube.std_v_m, found.centre_std_m),
    )
    return flattened, found.note


def _role(item: Classified, leaves: Sequence[Classified]) -> Role:
    """Return branch for what ends at a main, also where it was too far from it to be one yet."""
    if item.role is not Role.MAIN and any(other.role is Role.MAIN for other in leaves):
        return Role.BRANCH
    return item.role


def _bends(tube: Tube, config: Config, catalogue: Catalogue) -> list[Fitting]:
    standard = np.array(catalogue.bend_angles_deg)
    bends = []
    for bend in find_bends(tube, config.fittings, catalogue.bend_angles_deg):
        nearest = float(standard[np.argmin(np.abs(standard - bend.angle_deg))])
        matches = abs(nearest - bend.angle_deg) <= config.fittings.bend_tolerance_deg
        bends.append(
            Fitting(
                FittingKind.BEND, bend.chainage_m, position(tube, bend.chainage_m),
                bend.angle_deg, nearest if matches else None, bend.radius_m,
            )
        )  # fmt: skip
    return bends


def _joints(
    tube: Tube, tees: Sequence[Tee], searched: Pyramid, config: Config, *, low_sockets: bool
) -> list[Fitting]:
    if tube.blurred:
        # noise stands out farther than a socket
        return []
    return [
        Fitting(
            FittingKind.JOINT,
            joint.chainage_m,
            position(tube, joint.chainage_m),
            chainage_std_m=joint.std_m,
        )
        for joint in find_joints(searched, tube, config.fittings, low_sockets=low_sockets)
        if all(abs(joint.chainage_m - tee.chainage_m) > _CLAMP_M for tee in tees)
    ]


def _tee(tube: Tube, tee: Tee) -> Fitting:
    place = position(tube, tee.chainage_m)
    return Fitting(
        FittingKind.TEE, tee.chainage_m, place, tee.angle_deg, branch_id=_pipe_id(tee.branch)
    )


def _pipe_id(number: int) -> str:
    return f"P{number + 1:02d}"


def _ends(tube: Tube, leaves: set[bool], xyz: FloatArray) -> list[Fitting]:
    """Return the ends that lie in the open; one at another pipe is part of that one's tee."""
    return [
        Fitting(FittingKind.END, at, position(tube, at))
        for at_start, at in ((True, 0.0), (False, tube.length_m))
        if at_start not in leaves and ends_in_the_open(xyz, tube, at_start=at_start)
    ]
