"""What stands and lies about on a site, as it is described in a scene.

Positions are trench coordinates: chainage, offset to the left, height above the pavement.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Place = tuple[float, float, float]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Strut(_Body):
    """A round shoring strut between the walls, with end plates."""

    kind: Literal["strut"] = "strut"
    chainage_m: float
    depth_m: Positive = Field(default=0.5, description="of its axis below the pavement, m")
    diameter_m: Positive = 0.0605
    jack_diameter_m: Positive | None = Field(
        default=0.0486, description="of the thinner half of a telescopic jack, m"
    )
    plate_m: Positive = Field(default=0.12, description="side of the square end plates, m")


class Wale(_Body):
    """A timber lying along a wall."""

    kind: Literal["wale"] = "wale"
    side: Literal["left", "right"]
    start_m: float
    end_m: float
    depth_m: Positive = Field(default=0.5, description="of its middle below the pavement, m")
    height_m: Positive = 0.15
    thickness_m: Positive = 0.06


class Box(_Body):
    """A block; `place` is the middle of its underside."""

    kind: Literal["box"] = "box"
    place: Place
    size_m: tuple[Positive, Positive, Positive] = (0.6, 0.4, 0.3)
    turn_deg: float = 0.0


class Stone(_Body):
    """A stone; `place` is its centre."""

    kind: Literal["stone"] = "stone"
    place: Place
    radii_m: tuple[Positive, Positive, Positive] = (0.08, 0.06, 0.05)
    turn_deg: float = 0.0


class Cable(_Body):
    """A cable or hose through the given places, bent as smoothly as they allow."""

    kind: Literal["cable"] = "cable"
    places: tuple[Place, ...] = Field(min_length=2)
    diameter_m: Positive = 0.03
    bend_radius_m: Positive = 0.4


class Boots(_Body):
    """The boots of a worker who stands on the trench floor."""

    kind: Literal["boots"] = "boots"
    chainage_m: float
    offset_m: float = 0.0
    turn_deg: float = 0.0


class Plank(_Body):
    """A plank on the pavement across the trench."""

    kind: Literal["plank"] = "plank"
    chainage_m: float
    width_m: Positive = 0.25
    thickness_m: Positive = 0.045
    overhang_m: Positive = 0.4


Body = Strut | Wale | Box | Stone | Cable | Boots | Plank
