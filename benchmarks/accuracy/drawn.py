"""Scenes drawn at random from all that a trench may hold: what nobody has tuned for."""

import itertools
import math

import numpy as np

from benchmarks.accuracy.furnishing import bodies, heaps
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.errors import UsageError
from twin_pipeline.model import Role
from twin_pipeline.synthetic import presets
from twin_pipeline.synthetic.scanner import Pass
from twin_pipeline.synthetic.scene import Pipe, Scene
from twin_pipeline.synthetic.world import build_world

_MATERIALS = {"DIP": 0.5, "HPPE": 0.2, "VP": 0.15, "SP": 0.15}
_BENDS_DEG = (11.25, 22.5, 45.0, 90.0)
_BETWEEN_MOUNDS_M = 3.0
_MAX_POINTS = 1_500_000


def drawn_scenes(seed: int, count: int) -> dict[str, Scene]:
    """Return `count` scenes; each hangs on the seed and its own number only."""
    return {f"drawn{seed}_{k:03d}": drawn([seed, k]) for k in range(count)}


def drawn(seed: list[int]) -> Scene:
    """Return one scene; where bends or sockets find no room it is drawn again."""
    drawings = (_once([*seed, attempt] if attempt else seed) for attempt in itertools.count())
    return next(scene for scene in drawings if _can_be(scene))


def _can_be(scene: Scene) -> bool:
    try:
        build_world(scene, load_catalogue())
    except UsageError:
        return False
    return True


def _once(seed: list[int]) -> Scene:
    rng = np.random.default_rng(seed)
    material, nominal = _size(rng, 50, 800)
    own_m = load_catalogue().size(material, nominal).outer_diameter_m
    length = float(rng.uniform(7.0, 18.0))
    width = own_m + float(rng.uniform(0.5, 1.0))
    bends = _bends(rng, length)
    cover = float(rng.uniform(0.7, 1.6))
    noise = float(np.exp(rng.uniform(math.log(0.002), math.log(min(0.012, 0.1 * own_m)))))
    straight = not bends
    further = _further_pipes(rng, own_m, length, width, cover) if straight else ()
    settings = {
        "length_m": length,
        "width_m": width,
        "cover_m": cover,
        "below_m": float(rng.uniform(0.0, 0.25)),
        "grade": float(rng.uniform(-0.08, 0.08)),
        "crossfall": float(rng.uniform(-0.03, 0.03)),
        "noise_m": noise,
        "bedding": float(rng.choice([0.0, rng.uniform(0.2, 0.5), rng.uniform(0.5, 0.68)])),
        "bends": bends,
        "offset_m": float(rng.uniform(-0.12, 0.12)),
        "mounds": _mounds(rng, length, bends),
        "bodies": bodies(rng, length, width, cover, own_m) if rng.random() < 0.6 else (),
        "heaps": heaps(rng, length, width) if rng.random() < 0.3 else (),
        "further_pipes": further,
        "points": _points(rng, length),
        "trench": {
            "walls": str(rng.choice(["soil", "soil", "sheet_pile"])),
            "batter": float(rng.choice([rng.uniform(0.0, 0.08), rng.uniform(0.1, 0.6)])),
            "wall_roughness_m": float(rng.uniform(0.004, 0.02)),
            "floor_roughness_m": float(rng.uniform(0.004, 0.02)),
        },
        "noise": _noise(rng),
        "scanner": _scanner(rng, length),
        "scene": {
            "easting_m": float(rng.uniform(-60_000.0, 60_000.0)),
            "northing_m": float(rng.uniform(-90_000.0, 10_000.0)),
            "elevation_m": float(rng.uniform(0.0, 60.0)),
            "azimuth_deg": float(rng.uniform(0.0, 360.0)),
        },
        "trench_radius_m": 1.0,
        "seed": int(rng.integers(1 << 30)),
    }
    if rng.random() < 0.06:
        return presets.empty(**{**settings, "further_pipes": (), "mounds": (), "bends": ()})
    scene = presets.trench(material, nominal, **settings)
    return _with_a_step(rng, scene) if straight and rng.random() < 0.15 else scene


def _size(rng: np.random.Generator, low_mm: int, high_mm: int) -> tuple[str, int]:
    material = str(rng.choice(list(_MATERIALS), p=list(_MATERIALS.values())))
    sizes = [s.nominal_diameter_mm for s in load_catalogue().sizes(material)]
    allowed = np.array([s for s in sizes if low_mm <= s <= high_mm])
    # small pipes are more common than large ones
    share = 1.0 / np.sqrt(allowed)
    return material, int(rng.choice(allowed, p=share / share.sum()))


def _bends(rng: np.random.Generator, length_m: float) -> tuple[tuple[float, float], ...]:
    count = int(rng.choice([0, 0, 1, 2], p=[0.3, 0.3, 0.25, 0.15]))
    places = np.linspace(0.0, length_m, count + 2)[1:-1] + rng.uniform(-0.6, 0.6, count)
    return tuple(
        (float(at), float(rng.choice(_BENDS_DEG) * rng.choice([-1.0, 1.0]))) for at in places
    )


def _mounds(
    rng: np.random.Generator, length_m: float, bends: tuple[tuple[float, float], ...]
) -> tuple[tuple[float, float], ...]:
    if rng.random() < 0.6:
        return ()
    places = rng.uniform(1.5, length_m - 1.5, int(rng.integers(1, 3)))
    clear = [at for at in places if all(abs(at - bend) > 1.6 for bend, _ in bends)]
    if np.ptp(places) < _BETWEEN_MOUNDS_M:
        clear = clear[:1]
    return tuple((float(at), float(rng.uniform(0.3, 1.5))) for at in clear)


def _points(rng: np.random.Generator, length_m: float) -> int:
    per_m = np.exp(rng.uniform(math.log(12_000.0), math.log(120_000.0)))
    return int(min(length_m * per_m, _MAX_POINTS))


def _noise(rng: np.random.Generator) -> dict[str, float]:
    noise = {}
    if rng.random() < 0.4:
        noise["drift_m"] = float(rng.uniform(0.002, 0.015))
    if rng.random() < 0.3:
        noise["outlier_fraction"] = float(rng.uniform(0.0, 0.01))
        noise["mixed_fraction"] = float(rng.uniform(0.0, 0.01))
    return noise


def _scanner(rng: np.random.Generator, length_m: float) -> dict[str, object]:
    scanner: dict[str, object] = {}
    kind = rng.choice(["round", "one side", "double", "spinning"], p=[0.6, 0.15, 0.15, 0.1])
    side = float(rng.uniform(0.4, 1.1)) * float(rng.choice([-1.0, 1.0]))
    height = float(rng.uniform(1.0, 1.8))
    ahead = ((0.0, side, height), (length_m, side, height))
    back = ((length_m, -side, height), (0.0, -side, height))
    if kind == "one side":
        scanner["passes"] = (Pass(stations=ahead),)
    elif kind == "double":
        shift = rng.normal(size=3)
        shift *= rng.uniform(0.002, 0.012) / np.linalg.norm(shift)
        moved = tuple(float(s) for s in shift)
        scanner["passes"] = (Pass(stations=ahead), Pass(stations=back, shift_m=moved))
    elif kind == "spinning":
        scanner["device"] = "spinning"
    if rng.random() < 0.1:
        scanner["voxel_m"] = 0.01
    return scanner


def _further_pipes(
    rng: np.random.Generator, own_m: float, length_m: float, width_m: float, cover_m: float
) -> tuple[Pipe, ...]:
    kind = rng.choice(["none", "parallel", "crossing", "branch"], p=[0.4, 0.2, 0.25, 0.15])
    at = float(rng.uniform(2.5, length_m - 2.5))
    if kind == "parallel":
        material, nominal = _size(rng, 50, 200)
        other_m = load_catalogue().size(material, nominal).outer_diameter_m
        side = float(rng.choice([-1.0, 1.0])) * (0.5 * (own_m + other_m) + 0.15)
        if abs(side) + 0.5 * other_m < 0.5 * width_m:
            line = ((-0.3, side, cover_m), (length_m + 0.3, side, cover_m))
            return (Pipe(material=material, nominal_mm=nominal, vertices=line, bedding=0.3),)
    if kind == "crossing":
        material, nominal = _size(rng, 50, 200)
        reach, skew = 0.5 * width_m + 0.8, math.radians(float(rng.uniform(45.0, 135.0)))
        along = reach / math.tan(skew)
        level = cover_m - float(rng.uniform(0.25, 0.45)) - 0.1
        line = ((at - along, -reach, level), (at + along, reach, level))
        return (Pipe(material=material, nominal_mm=nominal, role=Role.CROSSING, vertices=line),)
    if kind == "branch":
        material, nominal = _size(rng, 40, 100)
        other_m = load_catalogue().size(material, nominal).outer_diameter_m
        if other_m < 0.8 * own_m:
            level = cover_m + 0.5 * (own_m - other_m)
            line = ((at, 0.0, level), (at, 0.5 * width_m + 0.5, level))
            return (
                Pipe(
                    material=material, nominal_mm=nominal, role=Role.BRANCH, vertices=line,
                    saddle=True,
                ),
            )  # fmt: skip
    return ()


def _with_a_step(rng: np.random.Generator, scene: Scene) -> Scene:
    """Let the main dive by two bends, the trench with it."""
    main, floor = scene.pipes[0], scene.trenches[0]
    (x0, y0, cover), (x1, y1, _) = main.vertices
    angle = math.radians(float(rng.choice([11.25, 22.5, 45.0])))
    drop = float(rng.uniform(0.2, 0.6))
    radius = main.bend_radius_m if isinstance(main.bend_radius_m, float) else 0.6
    run = max(drop / math.tan(angle), 2.2 * radius * math.tan(0.5 * angle) + 0.3)
    drop = run * math.tan(angle)
    at = 0.5 * (x0 + x1) - 0.5 * run
    pipe = main.model_copy(
        update={
            "vertices": ((x0, y0, cover), (at, y0, cover), (at + run, y1, cover + drop),
                         (x1, y1, cover + drop)),
            "mounds": (),
        }
    )  # fmt: skip
    depth = floor.depth_m
    if not isinstance(depth, float):
        return scene
    steps = ((0.0, depth), (at - 0.3, depth), (at + run, depth + drop), (x1, depth + drop))
    lower = floor.model_copy(update={"depth_m": steps})
    return scene.model_copy(update={"pipes": (pipe, *scene.pipes[1:]), "trenches": (lower,)})
