"""The report of the accuracy suite, as Markdown."""

import math
from collections.abc import Iterable

import numpy as np

from benchmarks.accuracy.scoring import Match, Score


def report(scores: list[Score]) -> str:
    """Return one table of all pipes and the figures of the whole suite."""
    head = (
        "| scene | pipe | recall | pieces | false m | OD error ± sigma mm | axis h, v rms mm "
        "| crown rms mm | cover rms (max) mm | arc | nominal | joints | bends ° | tees, ends | s |"
    )
    lines = [head, "|" + "---|" * (head.count("|") - 1)]
    for score in scores:
        rows = [_row(match) for match in score.matches] or [["-"] * 12]
        for k, row in enumerate(rows):
            false = f"{score.false_m:.2f} {', '.join(score.false_pipes)}" if k == 0 else ""
            seconds = f"{score.seconds:.1f}" if k == 0 else ""
            cells = [score.name if k == 0 else "", *row[:3], false.strip(), *row[3:], seconds]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\n" + "\n".join(_summary(scores)) + "\n"


def _row(match: Match) -> list[str]:
    truth = match.truth
    name = f"{truth.role} {truth.material}{truth.nominal_diameter_mm}"
    recall = "-" if math.isnan(match.recall) else f"{match.recall:.3f}"
    if match.best is None:
        return [name, recall, "0", *["-"] * 4, f"{match.arc_deg:.0f}", *["-"] * 4]
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
    good = [
        m.diameter for m in found if m.best and m.best.arc_deg >= 100 and m.best.fit_rms_m < 0.005
    ]
    yield (
        f"- median |OD error| {1000 * float(np.median(np.abs(good))):.2f} mm "
        f"({len(good)} pipes with noise below 5 mm and 100° used)"
    )
    yield _ratios("diameter", [m.diameter_z for m in found])
    yield _ratios(
        "position h",
        [_rms(m.across) / m.best.position_std_h_m for m in found if m.best and len(m.across)],
    )
    yield _ratios(
        "position v", [_rms(m.up) / m.best.position_std_v_m for m in found if m.best and len(m.up)]
    )
    yield _ratios("cover", [float(v) for m in found for v in _thin(m.cover / m.cover_std)])
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


def _thin(values: np.ndarray) -> np.ndarray:
    """Return three stations a pipe: neighbours share their errors."""
    values = values[np.isfinite(values)]
    return values[np.linspace(0, len(values) - 1, 3).astype(int)] if len(values) >= 3 else values


def _ratios(name: str, values: list[float]) -> str:
    z = np.array([v for v in values if math.isfinite(v)])
    within = float(np.mean(np.abs(z) <= 2.0)) if len(z) else math.nan
    return f"- |error| / sigma, {name}: rms {_rms(z):.2f}, {100 * within:.0f} % within 2"


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
