"""The report of the accuracy suite, as Markdown."""

import math
from collections.abc import Iterable

import numpy as np

from benchmarks.accuracy import honesty
from benchmarks.accuracy.honesty import drifts
from benchmarks.accuracy.scoring import Match, Score

GOOD_ARC_DEG = 150.0
GOOD_NOISE_M = 0.005


def report(scores: list[Score]) -> str:
    """Return one table of all pipes and the figures of the whole suite."""
    head = (
        "| scene | pipe | recall | pieces | false m | OD error ± sigma mm | "
        "limit mm | axis h, v rms mm | crown rms mm | cover rms (max) mm "
        "| arc | nominal | joints | bends ° | tees, ends | s |"
    )
    lines = [head, "|" + "---|" * (head.count("|") - 1)]
    for score in scores:
        rows = [_row(match) for match in score.matches] or [["-"] * 13]
        for k, row in enumerate(rows):
            false = f"{score.false_m:.2f} {', '.join(score.false_pipes)}" if k == 0 else ""
            seconds = f"{score.seconds:.1f}" if k == 0 else ""
            cells = [score.name if k == 0 else "", *row[:3], false.strip(), *row[3:], seconds]
            lines.append("| " + " | ".join(cells) + " |")
    scored = [(match, score.scene) for score in scores for match in score.matches]
    parts = (lines, _summary(scores), honesty.by_kind(scored))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _row(match: Match) -> list[str]:
    truth = match.truth
    name = f"{truth.role} {truth.material}{truth.nominal_diameter_mm}"
    recall = "-" if math.isnan(match.recall) else f"{match.recall:.3f}"
    if match.best is None:
        return [name, recall, "0", *["-"] * 5, f"{match.arc_deg:.0f}", *["-"] * 4]
    pipe = match.best
    cover = f"{_mm(match.cover)} ({1000 * _largest(match.cover):.1f})"
    decided = pipe.nominal_diameter_mm
    right = "open" if decided is None else "ok" if decided == truth.nominal_diameter_mm else "WRONG"
    joints = f"{len(match.joints)}/{len(match.joints) + match.joints_missed}"
    if match.joints:
        joints += f" {1000 * _largest(np.array(match.joints)):.0f} mm"
    if match.joints_false:
        joints += f" +{match.joints_false} false"
    bends = " ".join(f"{error:+.2f}" for error in match.bends) or "-"
    return [
        name, recall, str(match.pieces),
        f"{1000 * match.diameter:+.2f} ± {1000 * pipe.outer_diameter_std_m:.2f}",
        f"{1000 * match.limit_m:.2f}",
        f"{_mm(match.across)}, {_mm(match.up)}", _mm(match.crown), cover,
        f"{match.arc_deg:.0f}→{pipe.arc_deg:.0f}", right, joints, bends, _tees_and_ends(match),
    ]  # fmt: skip


def _tees_and_ends(match: Match) -> str:
    tees, ends = len(match.tees) + match.tees_missed, match.ends + match.ends_missed
    parts = []
    if tees or match.tees_false:
        parts.append(f"T {len(match.tees)}/{tees}{_also_false(match.tees_false)}")
    if ends or match.ends_false:
        parts.append(f"E {match.ends}/{ends}{_also_false(match.ends_false)}")
    return ", ".join(parts) or "-"


def _also_false(count: int) -> str:
    return f" +{count} false" if count else ""


def _summary(scores: list[Score]) -> Iterable[str]:
    matches = [match for score in scores for match in score.matches]
    mains = [m for m in matches if m.truth.role == "main" and not math.isnan(m.recall)]
    others = [m for m in matches if m.truth.role != "main" and not math.isnan(m.recall)]
    yield f"- recall of mains {_recall(mains):.4f}, of other pipes {_recall(others):.3f}"
    broken = [s.name for s in scores for m in s.matches if m.pieces > 1]
    yield f"- in pieces: {', '.join(broken) or 'none'}"
    yield f"- false pipe: {sum(s.false_m for s in scores):.2f} m"
    found = [m for m in matches if m.best is not None]
    good = [m.diameter for m in found if _well_seen(m)]
    yield (
        f"- median |OD error| {1000 * float(np.median(np.abs(good))):.2f} mm "
        f"({len(good)} pipes with noise below 5 mm and {GOOD_ARC_DEG:.0f}° seen)"
    )
    yield _against_limit(found)
    yield _rms_line(scores)
    yield from honesty.summary(found)
    wrong = [
        m
        for m in found
        if m.best and m.best.nominal_diameter_mm not in (None, m.truth.nominal_diameter_mm)
    ]
    undecided = [m for m in found if m.best and m.best.nominal_diameter_mm is None]
    yield f"- nominal diameter: {len(wrong)} wrong, {len(undecided)} open of {len(found)}"
    joints = [abs(e) for m in found for e in m.joints]
    missed, false = sum(m.joints_missed for m in found), sum(m.joints_false for m in found)
    if joints:
        yield (
            f"- joints: {len(joints)} found (largest error {1000 * max(joints):.0f} mm), "
            f"{missed} missed, {false} false"
        )
    bends = [e for m in found for e in m.bends]
    if bends:
        found_bends, largest = sum(not math.isnan(e) for e in bends), np.nanmax(np.abs(bends))
        yield f"- bends: {found_bends} of {len(bends)}, largest error {largest:.2f}°"
    tees = [abs(e) for m in found for e in m.tees]
    largest_mm = 1000 * max(tees, default=0.0)
    yield (
        f"- tees: {len(tees)} found (largest error {largest_mm:.0f} mm), "
        f"{sum(m.tees_missed for m in found)} missed, {sum(m.tees_false for m in found)} false"
    )
    yield (
        f"- open ends: {sum(m.ends for m in found)} found, "
        f"{sum(m.ends_missed for m in found)} missed, {sum(m.ends_false for m in found)} false"
    )
    rate = sum(s.points for s in scores) / sum(s.seconds for s in scores) / 1e6
    yield f"- {rate:.2f} million points a second in one process"


def _well_seen(match: Match) -> bool:
    pipe = match.best
    return pipe is not None and match.arc_deg >= GOOD_ARC_DEG and pipe.fit_rms_m < GOOD_NOISE_M


def _against_limit(found: list[Match]) -> str:
    """Compare diameters with the least error that points, arc and noise allow."""
    times = np.array([abs(m.diameter) / m.limit_m for m in found if not _well_seen(m)])
    within = 100 * float(np.mean(times <= 2.0)) if len(times) else math.nan
    return (
        f"- |OD error| of the other {len(times)}: rms {_rms(times):.1f} times the Cramer-Rao limit "
        f"of independent points, {within:.0f} % within twice that"
    )


def _rms_line(scores: list[Score]) -> str:
    """Sum up lines and covers of the mains whose scans do not drift."""
    mains = [
        match
        for score in scores
        for match in score.matches
        if match.best is not None and match.truth.role == "main" and not drifts(score.scene)
    ]
    worst = {
        name: max((_rms(of(match)) for match in mains), default=math.nan)
        for name, of in (
            ("axis across", lambda m: m.across),
            ("up", lambda m: m.up),
            ("crown", lambda m: m.crown),
            ("cover", lambda m: m.cover),
        )
    }
    text = ", ".join(f"{name} {1000 * value:.1f}" for name, value in worst.items())
    covers = max((_largest(match.cover) for match in mains), default=math.nan)
    return (
        f"- largest rms along a main without drift, mm: {text}; "
        f"largest error of a cover {1000 * covers:.1f} mm"
    )


def _recall(matches: list[Match]) -> float:
    length = [m.truth.length_m for m in matches]
    return float(np.average([m.recall for m in matches], weights=length)) if matches else math.nan


def _rms(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(values**2))) if len(values) else math.nan


def _mm(values: np.ndarray) -> str:
    return f"{1000 * _rms(values):.1f}"


def _largest(values: np.ndarray) -> float:
    values = np.abs(values[np.isfinite(values)])
    return float(values.max()) if len(values) else math.nan
