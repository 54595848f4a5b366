"""The method in order: prepare, ground, detect, trace, measure, judge, classify, describe."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

from twin_pipeline.abutting import ended_where_others_go_on
from twin_pipeline.blurring import blurred_mains, by_whole_section
from twin_pipeline.candidates import candidates
from twin_pipeline.catalogue import Catalogue
from twin_pipeline.config import Config
from twin_pipeline.drifting import with_the_scans_drift
from twin_pipeline.findings import findings_of, low_sockets
from twin_pipeline.foreseen import foreseen
from twin_pipeline.geometry.likeness import is_part_of
from twin_pipeline.geometry.piecewise import Bench
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.rims import Rims, rims_of, rims_of_cloud
from twin_pipeline.geometry.steadied import Steadied
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.hanging import without_hanging
from twin_pipeline.loose import without_loose
from twin_pipeline.memory import give_back
from twin_pipeline.model import LabelArray, Pipe, PointCloud
from twin_pipeline.necks import beyond_neck, without_neck
from twin_pipeline.observing import Observer
from twin_pipeline.prolonging import prolonged
from twin_pipeline.search import Search
from twin_pipeline.shoring import without_shoring
from twin_pipeline.spanning import spans
from twin_pipeline.squeezing import SqueezedTracer, squeezing
from twin_pipeline.stages.classify import ABOVE, LeftOut, classify
from twin_pipeline.stages.cross_sections import cut_cross_sections
from twin_pipeline.stages.describe import describe
from twin_pipeline.stages.detect import detect
from twin_pipeline.stages.excavation import excavation
from twin_pipeline.stages.fittings import over_end_sockets
from twin_pipeline.stages.ground import find_ground
from twin_pipeline.stages.label import label_pipes, label_places
from twin_pipeline.stages.measure import with_all_points, with_doubt, with_rays
from twin_pipeline.stages.prepare import prepare
from twin_pipeline.stages.rounding import doubted, rounding_of, rounding_warnings, spread
from twin_pipeline.stages.steady import steady
from twin_pipeline.stages.trace import Tracer
from twin_pipeline.uniting import Uniter

StageClock = Callable[[str], AbstractContextManager[None]]
"""Called with the name of a stage, encloses it."""


_FEW_POINTS = 1_500_000
"""Of a cloud of which a whole pipe may be measured while others are looked for: in larger ones that
takes more memory than anything else, and less of the time."""

_LONG_M = 3.0
"""Length from which on what was found is no stray thing."""


def _nothing(_: Sequence[Tube]) -> None:
    """Take no note."""


@dataclass(frozen=True, slots=True, eq=False)
class Extraction:
    """What a cloud holds."""

    pipes: tuple[Pipe, ...]
    ground: Ground | None
    """Local frame."""
    point_labels: LabelArray
    """(N,) in the cloud's order."""
    warnings: tuple[str, ...]
    belied: bool = False
    """Whether nothing but a long pipe above what was taken for the pavement was found."""


def extract(
    cloud: PointCloud,
    config: Config,
    catalogue: Catalogue,
    stage: StageClock,
    observer: Observer | None = None,
    bench: Bench | None = None,
) -> Extraction:
    """Find and measure the pipes of one site; an observer is told how.

    What is found is the same on a bench, on which clouds larger than the memory are worked on.
    """
    observer = observer or Observer()
    found = _extracted(cloud, config, catalogue, stage, observer, bench)
    if not found.belied:
        return found
    return _extracted(cloud, config, catalogue, stage, observer, bench, paved=False)


def _extracted(
    cloud: PointCloud,
    config: Config,
    catalogue: Catalogue,
    stage: StageClock,
    observer: Observer,
    bench: Bench | None,
    *,
    paved: bool = True,
) -> Extraction:
    """Find and measure the pipes of one site, beside a pavement if there is one."""
    with stage("prepare"):
        steps_m = rounding_of(cloud)
        even = spread(cloud, steps_m, bench.shelf if bench is not None else None)
        steadied = steady(even, config.steady)
        pyramid = prepare(_still(even, steadied, bench), config.prepare, bench)
        del even
    with stage("ground"):
        ground = find_ground(pyramid, config.ground) if paved else None
        place = excavation(pyramid, ground) if ground is not None else None
        # what lies on or above the pavement is no buried pipe
        searched = pyramid.part(place.dug) if place is not None else pyramid
        search = Search(searched, config, ground is not None, observer)
        labels = label_places(pyramid, place)
        observer.searching(pyramid, ground, place, searched)
        del pyramid, place  # most of the memory, of which no later stage needs anything
    with stage("detect"):
        seeds = detect(searched, config.detect, config.trace.min_strength_rad)
        observer.seeded(seeds)
        give_back()
    with stage("measure"):
        tracer = Tracer(seeds, config.trace, under_open_sky=ground is not None)
        rims = rims_of(ground) if ground is not None else rims_of_cloud(searched)
        tubes = _settled_tubes(
            search, tracer, rims, ahead=bench is None, early=len(cloud) < _FEW_POINTS
        )
        give_back()
        tubes = _completed(search, tubes, rims, low_sockets=low_sockets(config, catalogue))
        tubes = [with_all_points(searched, tube) for tube in tubes]
        tubes = [
            _drifting(with_rays(with_doubt(doubted(tube, steps_m))), steadied, searched)
            for tube in tubes
        ]
        give_back()
    with stage("classify"):
        tubes, hanging = without_hanging(tubes, ground, searched, config.classify)
        found, left_out = classify(tubes, ground, config.classify, [item.tube for item in hanging])
        left_out += hanging
        found, loose = without_loose(found, ground, cloud.xyz)
        left_out += loose
        found, struts = without_shoring(found, ground, searched, config.classify)
        left_out += struts
        found = with_the_scans_drift(found)
        pipes = tuple(
            describe(finding, ground, cloud.origin, config.describe)
            for finding in findings_of(found, cloud.xyz, searched, config, catalogue)
        )
        pipes = tuple(
            replace(pipe, sections=cut_cross_sections(cloud, pipe, config.cross_sections))
            for pipe in pipes
        )
        label_pipes(labels, searched, [item.tube for item in found])
        for item in left_out:
            observer.left_out(item.tube, item.reason)
        observer.reported([item.tube for item in found], pipes)
    warnings = (*rounding_warnings(steps_m), *(_mention(item, cloud) for item in left_out))
    return Extraction(pipes, ground, labels, warnings, not pipes and _belied(left_out))


def _belied(left_out: Sequence[LeftOut]) -> bool:
    """Tell whether a pipe as long as a main shows that what lies below it is no pavement.

    Where none was scanned the crown of a large pipe, or the bedding beside it, may pass for one.
    """
    return any(item.reason == ABOVE and item.tube.length_m >= _LONG_M for item in left_out)


def _still(cloud: PointCloud, steadied: Steadied | None, bench: Bench | None) -> PointCloud:
    """Return the cloud without the scanner's drift."""
    shelf = bench.shelf if bench is not None else None
    return cloud if steadied is None else steadied.cloud(cloud, shelf)


def _drifting(tube: Tube, steadied: Steadied | None, searched: Pyramid) -> Tube:
    """Return a tube with what the scan as a whole may be off where it was seen."""
    if steadied is None or searched.recorded is None:
        return tube
    across, up = steadied.common_std(
        tube, searched.xyz[tube.points], searched.recorded[tube.points]
    )
    return replace(tube, std_h_m=np.hypot(tube.std_h_m, across), std_v_m=np.hypot(tube.std_v_m, up))


def _settled_tubes(
    search: Search, tracer: Tracer, rims: Rims, *, ahead: bool, early: bool
) -> list[Tube]:
    """Return the tubes of a cloud as it is, and pushed together, joined and settled.

    Ahead what will most likely be asked for is begun; early, while others are looked for.
    """
    searched, config = search.pyramid, search.config
    united = Uniter(searched, config.trace, search.roughly)
    with (
        foreseen(search.settled_apart) as settled,
        squeezing(searched, rims, config, ahead=ahead) as again,
    ):

        def begin(tubes: Sequence[Tube]) -> None:
            """Begin what will most likely be asked for, where memory is not short."""
            staying = (t for t in tubes if not united.may_join(t, tubes, search.faint))
            settled.begin(staying if ahead else ())
            again.foresee(tubes)

        found = begin if early else again.foresee
        tubes = _tubes(search, tracer, [], ahead=ahead, found=found)
        begin(tubes)
        for squeezed in again.tracers(tubes):
            tubes += _tubes(search, squeezed, tubes, ahead=ahead)
        pieces = tuple(tubes)
        tubes = united.whole(tubes, tuple(search.faint))
        _find_branches_of_new(search, pieces, tubes)
        return [search.noted(*found) for found in settled.of(tubes)]


def _completed(search: Search, tubes: list[Tube], rims: Rims, *, low_sockets: bool) -> list[Tube]:
    """Return tubes with those that are seen in no other way, each up to its ends."""
    searched, options = search.pyramid, search.config.fittings
    tubes = by_whole_section(searched, tubes)
    tubes += blurred_mains(searched, rims, tubes)
    tubes = [over_end_sockets(searched, tube, options, low_sockets=low_sockets) for tube in tubes]
    tubes = ended_where_others_go_on(tubes)
    tubes = [without_neck(tube, tubes, search.away) for tube in tubes]
    tubes += _not_yet_found(search.branches, tubes)
    return tubes + spans(search, tubes, rims)


def _tubes(
    search: Search,
    tracer: Tracer | SqueezedTracer,
    known: Sequence[Tube],
    *,
    ahead: bool,
    found: Callable[[Sequence[Tube]], None] = _nothing,
) -> list[Tube]:
    """Measure the best supported run, take its surface away, and go on with what is left.

    Known tubes are not found again. Ahead runs are followed that will most likely be asked for.
    Who wants to know is told what was found so far, each time that there is more.
    """
    tubes: list[Tube] = []
    with candidates(search.pyramid, tracer, ahead=ahead) as runs:
        while (candidate := runs.following()) is not None:
            run = candidate.run
            worth = search.worth_measuring(run, candidate.piece)
            tube = search.looked_at(worth) if worth is not None else None
            all_known = (*known, *tubes)
            if (
                tube is None
                or tracer.too_thin(tube)
                or _found_already(tube, all_known)
                or (not tracer.may_lead_away and _holds_one(tube, search.branches))
            ):
                leads_away = tube is None and tracer.may_lead_away
                branch = _branch(run, search, all_known, all_known) if leads_away else None
                if branch is not None and not tracer.too_thin(branch):
                    search.branches.append(branch)
                    runs.tracer().take(branch.nodes, branch.radius_m)
                elif leads_away:
                    search.dismissed.append((run, len(tubes)))
                runs.dismiss(candidate)
            else:
                tube = prolonged(search, runs.tracer(), tube, run.level)
                runs.tracer().take(tube.nodes, tube.radius_m)
                tubes.append(tube)
                found(tubes)
    return tubes


def _found_already(tube: Tube, known: Sequence[Tube]) -> bool:
    return any(is_part_of(tube, other) for other in known)


def _holds_one(tube: Tube, branches: Sequence[Tube]) -> bool:
    """Tell whether a tube is a branch, its neck included, that was measured clear of that."""
    return any(is_part_of(branch, tube) for branch in branches)


def _branch(run: Run, search: Search, mains: Sequence[Tube], known: Sequence[Tube]) -> Tube | None:
    """Return the branch that a run holds beyond its neck, if that is none of those known."""
    branch = beyond_neck(run, mains, search.away, search.config.tees)
    if branch is None or _found_already(branch, (*known, *search.branches)):
        return None
    return branch


def _find_branches_of_new(search: Search, pieces: Sequence[Tube], tubes: Sequence[Tube]) -> None:
    """Look for branches where runs led to none, of tubes that were not known then.

    A main may have been found later, or in pieces on either side of where a branch leaves it.
    """
    for run, count in search.dismissed:
        known = {id(piece) for piece in pieces[:count]}
        new = [tube for tube in tubes if id(tube) not in known]
        branch = _branch(run, search, new, tubes)
        search.branches.extend([] if branch is None else [branch])


def _not_yet_found(branches: Sequence[Tube], tubes: Sequence[Tube]) -> list[Tube]:
    """Return the branches, the longest first, that are parts neither of tubes nor of others."""
    found: list[Tube] = []
    for branch in sorted(branches, key=lambda tube: -tube.length_m):
        if not _found_already(branch, (*tubes, *found)):
            found.append(branch)
    return found


def _mention(item: LeftOut, cloud: PointCloud) -> str:
    x, y, z = item.tube.nodes[len(item.tube.nodes) // 2] + cloud.origin
    return (
        f"left out a tube of {2000.0 * item.tube.radius_m:.0f} mm at {x:.2f}, {y:.2f}, {z:.2f}: "
        f"{item.reason}"
    )
