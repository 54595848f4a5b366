"""What stands and lies about in a scene that is drawn at random."""

import numpy as np

from twin_pipeline.synthetic.bodies import (
    Body,
    Boots,
    Box,
    Cable,
    Plank,
    Stone,
    Strut,
    Wale,
)
from twin_pipeline.synthetic.scene import SpoilHeap


def bodies(
    rng: np.random.Generator, length_m: float, width_m: float, cover_m: float, main_m: float
) -> tuple[Body, ...]:
    """Return some of each kind, or none."""
    floor = -(cover_m + main_m)
    beside = 0.5 * width_m - 0.1
    made: list[Body] = []
    if rng.random() < 0.5:
        depth, diameter = float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.045, 0.1))
        jack = 0.8 * diameter if rng.random() < 0.5 else None
        places = np.arange(rng.uniform(0.5, 2.0), length_m, rng.uniform(1.5, 3.5))
        made += [
            Strut(chainage_m=float(at), depth_m=depth, diameter_m=diameter, jack_diameter_m=jack)
            for at in places
        ]
        if rng.random() < 0.5:
            made += [
                Wale(side="left", start_m=0.3, end_m=length_m - 0.3, depth_m=depth),
                Wale(side="right", start_m=0.3, end_m=length_m - 0.3, depth_m=depth),
            ]
    for _ in range(int(rng.integers(0, 3))):
        made.append(_cable(rng, length_m, width_m, floor))
    for _ in range(int(rng.integers(0, 5))):
        radii = tuple(float(r) for r in rng.uniform(0.04, 0.16, 3))
        place = (float(rng.uniform(0.5, length_m - 0.5)), float(rng.uniform(-beside, beside)))
        made.append(Stone(place=(*place, floor + 0.5 * radii[2]), radii_m=radii))
    if rng.random() < 0.4:
        at, side = float(rng.uniform(1.0, length_m - 1.0)), float(rng.choice([-1.0, 1.0]))
        made.append(Boots(chainage_m=at, offset_m=side * beside))
    if rng.random() < 0.3:
        made.append(Plank(chainage_m=float(rng.uniform(1.0, length_m - 1.0))))
    if rng.random() < 0.3:
        place = (float(rng.uniform(1.0, length_m - 1.0)), -0.5 * width_m - 0.7, 0.0)
        made.append(Box(place=place, turn_deg=float(rng.uniform(0.0, 90.0))))
    return tuple(made)


def heaps(rng: np.random.Generator, length_m: float, width_m: float) -> tuple[SpoilHeap, ...]:
    """Return a heap of spoil on one side."""
    side = float(rng.choice([-1.0, 1.0]))
    return (
        SpoilHeap(
            chainage_m=float(rng.uniform(2.0, length_m - 2.0)),
            offset_m=side * (0.5 * width_m + float(rng.uniform(0.9, 1.5))),
            length_m=float(rng.uniform(2.0, 6.0)),
            height_m=float(rng.uniform(0.3, 0.8)),
        ),
    )


def _cable(rng: np.random.Generator, length_m: float, width_m: float, floor_m: float) -> Cable:
    """Return one that hangs or lies somewhere along the trench."""
    count = int(rng.integers(3, 6))
    along = np.sort(rng.uniform(0.0, length_m, count)) + np.arange(count) * 0.3
    aside = rng.uniform(-0.45, 0.45, count) * width_m
    height = rng.uniform(floor_m + 0.1, -0.1, count)
    places = tuple(
        (float(x), float(y), float(z)) for x, y, z in zip(along, aside, height, strict=True)
    )
    return Cable(places=places, diameter_m=float(rng.uniform(0.015, 0.035)), bend_radius_m=0.3)
