"""Whether control points fix a scan at all, and what is likely wrong where they don't."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.registration.fit import Fit, fit, mirrored_rms_m, on_a_line
from twin_pipeline.registration.options import RegistrationOptions
from twin_pipeline.registration.targets import Target, known, seen

LEAST_TARGETS = 3

# Beyond this the two sets of coordinates can't be those of the same points.
_GROSS_M = 1.0
_GROSS_SCALE = 0.02
_MOST_PAIRED = 30
# Residuals of points in their place and of points beside it differ by more.
_AS_WELL = 2.5
_UNITS_M = {"feet": 0.3048, "centimetres": 0.01, "millimetres": 0.001}
# Cosine of the angle between the verticals; scanners that count y upwards turn by 90 degrees.
_UPSIDE_DOWN = -0.5
# A scale differs from 1 by chance by no more sigma than this, and matters above the error.
_SIGNIFICANT = 3.0
_SCALE_MATTERS = 2e-4


def fitted_to(targets: Sequence[Target], options: RegistrationOptions) -> Fit:
    """Return the fit of a scan to its control points."""
    return _fit(targets, options, scaled=options.model == "similarity")


def require_sound(targets: Sequence[Target], fitted: Fit, where: str) -> None:
    """Raise GeoreferenceError where control points can't fix the scan.

    Parameters
    ----------
    targets
        Control points, seen in easting first.
    fitted
        Their fit.
    where
        File and scan, for the message.
    """
    source, target = seen(targets), known(targets)
    if on_a_line(source) or on_a_line(target):
        raise GeoreferenceError(
            f"{where}: its control points lie on one line, which leaves open how the scan is "
            "turned about it: give one beside the line"
        )
    _require_unit(source, target, where)
    if fitted.rms_m > _GROSS_M and mirrored_rms_m(source, target) < fitted.rms_m / 3:
        raise GeoreferenceError(f"{where}: {_MIRRORED}")
    if fitted.similarity.rotation[2, 2] < _UPSIDE_DOWN:
        raise GeoreferenceError(f"{where}: would turn the scan upside down: {_MIRRORED}")
    if fitted.rms_m > _GROSS_M:
        raise GeoreferenceError(
            f"{where}: its control points miss their places by {fitted.rms_m:.2f} m (rms), so they "
            f"are not the same points{_hint(targets)}: check names and coordinates"
        )


_MIRRORED = (
    "the known coordinates are mirrored against the scan's: easting and northing are likely "
    "exchanged (in the plane rectangular systems X is north), or, in the scan, use --axis-order"
)


def culprit(targets: Sequence[Target], options: RegistrationOptions) -> str | None:
    """Return the one point without which all others agree within the limit, None if none is.

    Where leaving out another does nearly as well, both are named.
    """
    if len(targets) <= LEAST_TARGETS + 1:
        return None
    agreeing = []
    for left_out in targets:
        others = [target for target in targets if target is not left_out]
        if on_a_line(seen(others)):
            continue
        fitted = fitted_to(others, options)
        if np.linalg.norm(fitted.residuals, axis=1).max() <= options.max_residual_m:
            agreeing.append((fitted.rms_m, left_out.name))
    if not agreeing:
        return None
    least_m = min(agreeing)[0]
    alike = [name for rms_m, name in sorted(agreeing) if rms_m <= _AS_WELL * least_m]
    return " or ".join(alike[:3])


def scale_doubts(targets: Sequence[Target], options: RegistrationOptions) -> Iterator[str]:
    """Yield that a scan fits better with another scale than it was given."""
    rigid, scaled = (_fit(targets, options, scaled=free) for free in (False, True))
    error = scaled.similarity.scale - 1.0
    if abs(error) > max(_SCALE_MATTERS, _SIGNIFICANT * scaled.scale_std):
        yield (
            f"the scan is {1 / scaled.similarity.scale:.5f} times as large as its control points: "
            f"a similarity fits to {1000 * scaled.rms_m:.1f} mm instead of "
            f"{1000 * rigid.rms_m:.1f} mm (rms); check the scanner, or set [registration] model = "
            '"similarity"'
        )


def _fit(targets: Sequence[Target], options: RegistrationOptions, *, scaled: bool) -> Fit:
    std_m = np.array([target.std_m or options.target_std_m for target in targets])
    return fit(seen(targets), known(targets), std_m, scaled=scaled)


def _require_unit(source: np.ndarray, target: np.ndarray, where: str) -> None:
    sizes = [np.linalg.norm(xyz - xyz.mean(axis=0)) for xyz in (source, target)]
    scale = float(sizes[1] / sizes[0])
    for unit, size_m in _UNITS_M.items():
        if abs(scale / size_m - 1.0) < _GROSS_SCALE:
            raise GeoreferenceError(
                f"{where}: the scan is {1 / scale:.4g} times as large as its control points: it is "
                f"likely in {unit}; convert it to metres first"
            )
        if abs(scale * size_m - 1.0) < _GROSS_SCALE:
            raise GeoreferenceError(
                f"{where}: its control points lie {scale:.4g} times as far apart as in the scan: "
                f"they are likely in {unit}; convert them to metres first"
            )


def _hint(targets: Sequence[Target]) -> str:
    """Return which point is likely a mistake, or which two were mixed up, to follow the message."""
    if len(targets) <= LEAST_TARGETS + 1:
        return ""
    options = RegistrationOptions(max_residual_m=_GROSS_M / 10)
    if found := culprit(targets, options):
        return f"; without {found} the others agree"
    for first, second in combinations(range(min(len(targets), _MOST_PAIRED)), 2):
        mended = list(targets)
        mended[first] = replace(targets[first], known=targets[second].known)
        mended[second] = replace(targets[second], known=targets[first].known)
        if np.linalg.norm(fitted_to(mended, options).residuals, axis=1).max() < _GROSS_M / 10:
            names = f"{targets[first].name} and {targets[second].name}"
            return f"; with {names} exchanged all agree"
    return ""
