"""The scenes of the accuracy suite: what they are called and how they are made."""

import math
from collections.abc import Callable, Iterator

from twin_pipeline.model import Role
from twin_pipeline.synthetic import presets
from twin_pipeline.synthetic.bodies import Boots, Box, Cable, Plank, Stone, Strut, Wale
from twin_pipeline.synthetic.scanner import Pass
from twin_pipeline.synthetic.scene import Pipe, Scene, SpoilHeap

POINTS = 500_000
ONE_SIDE = (Pass(stations=((0.0, 0.9, 1.5), (12.0, 0.9, 1.5))),)


def scenes() -> dict[str, Scene]:
    """Return all scenes by name."""
    made = {}
    for seed, (name, make) in enumerate(_makers(), start=101):
        made[name] = make(seed=seed)
    return made


def _trench(material: str, nominal: int, **options: object) -> Callable[..., Scene]:
    given = {"points": POINTS, **options}
    return lambda **seed: presets.trench(material, nominal, **given, **seed)


def _makers() -> Iterator[tuple[str, Callable[..., Scene]]]:
    yield from _sizes()
    yield from _routes()
    yield from _buried()
    yield from _noisy()
    yield from _sampled()
    yield from _neighbours()
    yield from _cluttered()
    yield from _placed()
    yield from _ended()


def _sizes() -> Iterator[tuple[str, Callable[..., Scene]]]:
    yield "dip75", _trench("DIP", 75)
    yield "dip100", _trench("DIP", 100)
    yield "dip150", _trench("DIP", 150)
    yield "dip200", _trench("DIP", 200, width_m=1.0)
    yield "dip300", _trench("DIP", 300, width_m=1.1)
    yield "dip500", _trench("DIP", 500, width_m=1.3)
    yield "dip800", _trench("DIP", 800, width_m=1.7)
    yield "hppe50", _trench("HPPE", 50)
    yield "hppe100", _trench("HPPE", 100)
    yield "hppe200", _trench("HPPE", 200)
    yield "vp50", _trench("VP", 50)
    yield "vp75", _trench("VP", 75)
    yield "vp150", _trench("VP", 150)
    yield "sp80", _trench("SP", 80)
    yield "sp400", _trench("SP", 400, width_m=1.2)
    yield "sp800", _trench("SP", 800, width_m=1.7)


def _routes() -> Iterator[tuple[str, Callable[..., Scene]]]:
    yield "bend11_dip150", _trench("DIP", 150, bends=((6.0, 11.25),))
    yield "bend22_dip100", _trench("DIP", 100, bends=((6.0, -22.5),))
    yield "bend45_dip200", _trench("DIP", 200, bends=((5.0, 45.0),))
    yield "bend90_hppe100", _trench("HPPE", 100, bends=((6.0, 90.0),), trench_radius_m=1.0)
    yield "two_bends_dip150", _trench("DIP", 150, bends=((4.0, 45.0), (8.0, -45.0)))
    yield "vertical_offset_dip150", _vertical_offset
    yield "graded_dip100", _trench("DIP", 100, grade=0.08)


def _vertical_offset(*, seed: int) -> Scene:
    """Return a main that dives under something by two bends of 22.5 degrees."""
    straight = presets.trench("DIP", 150, points=POINTS, seed=seed)
    drop = 0.25
    run = drop / math.tan(math.radians(22.5))
    main = straight.pipes[0].model_copy(
        update={
            "vertices": (
                (-0.3, 0.0, 1.0), (5.0, 0.0, 1.0), (5.0 + run, 0.0, 1.0 + drop),
                (12.3, 0.0, 1.0 + drop),
            ),
        }
    )  # fmt: skip
    floor = straight.trenches[0].model_copy(
        update={"depth_m": ((0.0, 1.27), (4.6, 1.27), (6.0, 1.27 + drop), (12.0, 1.27 + drop))}
    )
    return straight.model_copy(update={"pipes": (main,), "trenches": (floor,)})


def _buried() -> Iterator[tuple[str, Callable[..., Scene]]]:
    yield "half_buried_dip150", _trench("DIP", 150, bedding=0.5)
    yield "two_thirds_buried_dip200", _trench("DIP", 200, bedding=0.67)
    yield "two_thirds_buried_hppe100", _trench("HPPE", 100, bedding=0.67)
    yield "nearly_buried_sp300", _trench("SP", 300, bedding=0.8, width_m=1.1)
    yield "open_dip100", _trench("DIP", 100, bedding=0.0, below_m=0.25)
    yield "mounds_dip150", _trench("DIP", 150, mounds=((3.0, 0.3), (6.0, 0.8), (9.0, 1.5)))
    yield "mound_vp75", _trench("VP", 75, mounds=((6.0, 1.2),))
    yield "sleeve_dip150", _trench("DIP", 150, sleeve_fold_m=0.006)


def _noisy() -> Iterator[tuple[str, Callable[..., Scene]]]:
    yield "noise2_dip75", _trench("DIP", 75, noise_m=0.002)
    yield "noise8_hppe100", _trench("HPPE", 100, noise_m=0.008)
    yield "noise8_dip300", _trench("DIP", 300, noise_m=0.008, width_m=1.1, bedding=0.55)
    yield "noise12_dip150", _trench("DIP", 150, noise_m=0.012)
    yield "noise12_dip200", _trench("DIP", 200, noise_m=0.012)
    yield "noise20_dip300", _trench("DIP", 300, noise_m=0.020, width_m=1.1)
    yield "drift15_dip150", _trench("DIP", 150, noise={"drift_m": 0.015})
    yield "drift8_hppe75", _trench("HPPE", 75, noise={"drift_m": 0.008})
    yield (
        "double_surface_dip200",
        _trench("DIP", 200, scanner={"passes": _double(0.008)}, noise={"drift_m": 0.003}),
    )
    yield (
        "outliers_dip100",
        _trench("DIP", 100, noise={"outlier_fraction": 0.01, "mixed_fraction": 0.005}),
    )


def _double(shift_m: float) -> tuple[Pass, ...]:
    """Return two walks whose registration differs."""
    return (
        Pass(stations=((0.0, -0.8, 1.5), (12.0, -0.8, 1.5))),
        Pass(stations=((12.0, 0.8, 1.5), (0.0, 0.8, 1.5)), shift_m=(0.0, shift_m, shift_m)),
    )


def _sampled() -> Iterator[tuple[str, Callable[..., Scene]]]:
    yield "one_side_dip150", _trench("DIP", 150, scanner={"passes": ONE_SIDE})
    yield "one_side_hppe100", _trench("HPPE", 100, scanner={"passes": ONE_SIDE})
    yield "density200_dip300", _trench("DIP", 300, scanner={"density_per_m2": 200.0}, width_m=1.1)
    yield "density1000_dip150", _trench("DIP", 150, scanner={"density_per_m2": 1000.0})
    yield "density20000_dip100", _trench("DIP", 100, scanner={"density_per_m2": 20_000.0})
    yield "thinned_dip150", _trench("DIP", 150, points=1_500_000, scanner={"voxel_m": 0.01})
    yield "spinning_dip150", _trench("DIP", 150, scanner={"device": "spinning"}, noise_m=0.008)


def _neighbours() -> Iterator[tuple[str, Callable[..., Scene]]]:
    yield "parallel", lambda **s: presets.parallel(points=POINTS, **s)
    yield (
        "parallel_close",
        lambda **s: presets.parallel(("DIP", 200), ("VP", 75), spacing_m=0.25, points=POINTS, **s),
    )
    yield "crossing_above", lambda **s: presets.crossing(points=POINTS, **s)
    yield (
        "crossing_skewed",
        lambda **s: presets.crossing(
            ("DIP", 100), ("SP", 150), skew_deg=50.0, cross_cover_m=0.55, points=POINTS, **s
        ),
    )
    yield (
        "crossing_below",
        lambda **s: presets.crossing(
            ("DIP", 100), ("VP", 150), cross_cover_m=1.25, below_m=0.35, bedding=0.0,
            points=POINTS, **s,
        ),
    )  # fmt: skip
    yield (
        "branch50",
        lambda **s: presets.branch(
            ("DIP", 200), ("HPPE", 50), width_m=1.4, bedding=0.3, points=POINTS, **s
        ),
    )
    yield "branch25", lambda **s: presets.branch(leaving=("VP", 25), points=POINTS, **s)
    yield "tee100", _tee


def _tee(*, seed: int) -> Scene:
    """Return a main of which a branch of 100 mm leaves to the left."""
    return presets.trench(
        "DIP", 150, points=POINTS, seed=seed, width_m=1.4, bedding=0.3,
        further_pipes=(
            Pipe(
                material="DIP", nominal_mm=100, role=Role.BRANCH,
                vertices=((6.0, 0.0, 1.025), (6.0, 1.2, 1.025)), bedding=0.2,
            ),
        ),
    )  # fmt: skip


def _cluttered() -> Iterator[tuple[str, Callable[..., Scene]]]:
    struts = tuple(Strut(chainage_m=c) for c in (2.0, 5.0, 8.0, 11.0))
    wales = (
        Wale(side="left", start_m=1.0, end_m=11.5),
        Wale(side="right", start_m=1.0, end_m=11.5),
    )
    clutter = (
        Cable(places=((1.0, 0.3, -0.4), (4.0, 0.25, -1.0), (7.0, 0.35, -0.9), (9.0, 0.3, -0.3))),
        Cable(places=((0.5, -0.9, 0.05), (5.0, -1.0, 0.05), (11.0, -0.9, 0.05)), diameter_m=0.05),
        Stone(place=(3.0, 0.3, -1.2)),
        Stone(place=(8.2, -0.3, -1.2), radii_m=(0.15, 0.1, 0.1)),
        Box(place=(10.0, -1.1, 0.0)),
        Boots(chainage_m=4.2, offset_m=0.3),
        Plank(chainage_m=7.0),
    )
    heaps = (SpoilHeap(chainage_m=6.0, offset_m=1.6),)
    yield "struts_dip150", _trench("DIP", 150, bodies=(*struts, *wales))
    yield (
        "sheet_piles_dip200",
        _trench("DIP", 200, bodies=struts, trench={"walls": "sheet_pile"}, width_m=1.1),
    )
    yield "clutter_hppe75", _trench("HPPE", 75, bodies=clutter, heaps=heaps)
    yield "battered_dip100", _trench("DIP", 100, trench={"batter": 0.5})
    yield "empty", lambda **s: presets.empty(points=POINTS, **s)
    yield (
        "empty_cluttered",
        lambda **s: presets.empty(
            points=POINTS, bodies=(*struts, *wales, *clutter), heaps=heaps, **s
        ),
    )
    yield (
        "empty_sheet_piles",
        lambda **s: presets.empty(
            points=POINTS, bodies=struts, trench={"walls": "sheet_pile"}, width_m=1.1, **s
        ),
    )


def _placed() -> Iterator[tuple[str, Callable[..., Scene]]]:
    far = {"easting_m": -12_800.0, "northing_m": -34_400.0, "elevation_m": 38.0}
    huge = {"easting_m": 4_500_000.0, "northing_m": 15_600_000.0, "elevation_m": 3_200.0}
    yield "far_dip150", _trench("DIP", 150, scene={**far, "azimuth_deg": 37.0})
    yield "huge_coordinates_vp100", _trench("VP", 100, scene={**huge, "azimuth_deg": 211.0})


def _ended() -> Iterator[tuple[str, Callable[..., Scene]]]:
    yield "open_end_dip150", lambda **s: _ending(_trench("DIP", 150)(**s))
    yield "open_end_hppe100", lambda **s: _ending(_trench("HPPE", 100, bedding=0.6)(**s))
    yield "mound_at_end_vp100", _trench("VP", 100, mounds=((11.5, 1.6),))
    yield "skew_branch_dip200", _skew_branch


def _ending(scene: Scene) -> Scene:
    """Return a scene whose main ends in the open at 9 m."""
    main = scene.pipes[0]
    cover = main.vertices[-1][2]
    shorter = main.model_copy(update={"vertices": (main.vertices[0], (9.0, 0.0, cover))})
    return scene.model_copy(update={"pipes": (shorter,)})


def _skew_branch(*, seed: int) -> Scene:
    """Return a main of which a service leaves at 45 degrees."""
    return presets.trench(
        "DIP", 200, points=POINTS, seed=seed, width_m=1.4, bedding=0.3,
        further_pipes=(
            Pipe(
                material="HPPE", nominal_mm=50, role=Role.BRANCH,
                vertices=((6.0, 0.0, 1.08), (7.2, 1.2, 1.08)), saddle=True,
            ),
        ),
    )  # fmt: skip
