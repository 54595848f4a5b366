"""A scan moved onto its control points, with the table, the gates and the warnings of it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray, Gate
from twin_pipeline.registration.fit import Fit
from twin_pipeline.registration.options import RegistrationOptions
from twin_pipeline.registration.soundness import (
    LEAST_TARGETS,
    culprit,
    fitted_to,
    require_sound,
    scale_doubts,
)
from twin_pipeline.registration.targets import Target, TargetFile, known, read_targets, seen


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """A scan's registration to control points."""

    scan: Path
    file: TargetFile
    targets: tuple[Target, ...]
    """Those of this scan, control and check points in the file's order, seen in easting first."""
    fitted: Fit
    """From the control points alone."""
    misses: FloatArray
    """(N, 3) metres, of all targets: where one comes to lie minus where it should be."""
    options: RegistrationOptions

    @property
    def controls(self) -> tuple[Target, ...]:
        """Those that the fit rests on."""
        return tuple(target for target in self.targets if not target.check)

    @property
    def distances_m(self) -> FloatArray:
        """(N,) how far each target comes to lie from where it should be."""
        return np.asarray(np.linalg.norm(self.misses, axis=1), dtype=np.float64)

    def gates(self, corners: FloatArray) -> tuple[Gate, ...]:
        """Return what was held against the limit.

        Parameters
        ----------
        corners
            (N, 3) metres, new frame: the outermost places of the scan.
        """
        return (self._residual_gate(), self._precision_gate(corners))

    def _residual_gate(self) -> Gate:
        worst = int(np.argmax(self.distances_m))
        limit_m = self.options.max_residual_m
        passed = bool(self.distances_m[worst] <= limit_m)
        detail = (
            f"{self.targets[worst].name} is {_mm(self.distances_m[worst])} off, the most of "
            f"{len(self.targets)} (limit {_mm(limit_m)}; rms {_mm(self.fitted.rms_m)})"
        )
        if not passed and (wrong := culprit(self.controls, self.options)):
            detail += f"; without {wrong} the others agree: check it"
        return Gate("control points", passed, detail)

    def _precision_gate(self, corners: FloatArray) -> Gate:
        largest = float(np.hypot(*self.fitted.std_m(corners).T).max())
        limit_m = self.options.max_residual_m
        detail = f"1 sigma up to {_mm(largest)} at the scan's edge (limit {_mm(limit_m)})"
        return Gate("control point geometry", largest <= limit_m, detail)

    def warnings(self) -> Iterator[str]:
        """Yield what is odd about the registration, but can be right."""
        if len(self.targets) == LEAST_TARGETS:
            yield (
                "three control points fit almost anything: measure one more, so that a wrong one "
                "shows"
            )
        if self.options.model == "rigid" and len(self.controls) > LEAST_TARGETS:
            yield from scale_doubts(self.controls, self.options)

    def describe(self) -> dict[str, Any]:
        """Return the registration, JSON-ready for run.json."""
        change = self.fitted.similarity
        middle_std = self.fitted.std_m(change.target[np.newaxis])[0]
        return {
            "scan": self.scan.name,
            "method": "control points",
            "file": str(self.file.path),
            "sha256": self.file.sha256,
            "model": self.options.model,
            "rms_m": round(self.fitted.rms_m, 5),
            "max_residual_m": round(float(self.distances_m.max()), 5),
            "limit_m": self.options.max_residual_m,
            "rotation": change.rotation.tolist(),
            "rotation_deg": round(change.angle_deg, 6),
            "scale": change.scale,
            "from": change.source.tolist(),
            "to": change.target.tolist(),
            "std_h_m": round(float(middle_std[0]), 5),
            "std_v_m": round(float(middle_std[1]), 5),
            "tilt_std_deg": round(math.degrees(self.fitted.tilt_std_rad), 6),
            "scale_std": self.fitted.scale_std,
            "targets": [self._row(index) for index in range(len(self.targets))],
        }

    def summary(self) -> str:
        """Return in a few words what the scan was moved onto, and how well."""
        return (
            f"{len(self.targets)} control points of {self.file.path.name} (rms "
            f"{_mm(self.fitted.rms_m)}, largest {_mm(float(self.distances_m.max()))})"
        )

    def _row(self, index: int) -> dict[str, Any]:
        target, miss = self.targets[index], self.misses[index]
        return {
            "name": target.name,
            "role": "check" if target.check else "control",
            "easting_m": target.known[0],
            "northing_m": target.known[1],
            "elevation_m": target.known[2],
            "residual_e_m": round(float(miss[0]), 5),
            "residual_n_m": round(float(miss[1]), 5),
            "residual_z_m": round(float(miss[2]), 5),
            "residual_m": round(float(self.distances_m[index]), 5),
        }


def _turned(target: Target) -> Target:
    north, east, up = target.seen
    return replace(target, seen=(east, north, up))


def control_of(
    scan: Path, options: RegistrationOptions, *, north_first: bool, needed: bool = True
) -> Control | None:
    """Return a scan's registration, None where no control points were given.

    Parameters
    ----------
    scan
        The scan's file; control points may name it.
    options
        Section `registration`.
    north_first
        Whether the scan's file, and so `scan_x`, counts northwards first.
    needed
        Whether it is a mistake where the file has no point of this scan, rather than None.

    Raises
    ------
    InputError
        When the file of control points can't be read.
    GeoreferenceError
        When the points can't fix the scan.
    """
    if options.gcp is None:
        return None
    file = read_targets(Path(options.gcp))
    targets = tuple(_turned(target) if north_first else target for target in file.of_scan(scan))
    if not targets and not needed:
        return None
    controls = [target for target in targets if not target.check]
    where = f"{file.path}: scan {scan.stem}"
    if len(controls) < LEAST_TARGETS:
        raise GeoreferenceError(
            f"{where}: three control points or more are needed to fix it, not {len(controls)}"
            + _others(file, targets)
        )
    fitted = fitted_to(controls, options)
    require_sound(controls, fitted, where)
    return Control(
        scan,
        file,
        targets,
        fitted,
        fitted.similarity.apply(seen(targets)) - known(targets),
        options,
    )


def _others(file: TargetFile, targets: Sequence[Target]) -> str:
    """Return what the file holds besides a scan's control points, to follow how many it has."""
    if targets:
        checks = sum(target.check for target in targets)
        return f" beside {checks} check points" if checks else ""
    scans = sorted({target.scan for target in file.targets if target.scan})
    return f": its column scan names {', '.join(scans[:5])}" if scans else ""


def _mm(length_m: float) -> str:
    return f"{1000 * length_m:.0f} mm"
