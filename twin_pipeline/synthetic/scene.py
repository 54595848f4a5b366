"""The scene to scan, as it is written in Python or TOML: ground, trench, pipes, site, scanner.

Site frame: x along the first piece of the trench, y to its left, z up with zero at the origin's
elevation; metres. Trench coordinates: chainage along the axis of the first trench, offset to the
left of it, height above the finished pavement (negative below).
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from twin_pipeline.errors import UsageError
from twin_pipeline.model import Role
from twin_pipeline.synthetic.bodies import Body
from twin_pipeline.synthetic.scanner import Scanner

Vertex2 = tuple[float, float]
Vertex3 = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pavement(_Part):
    """The finished ground: a plane through the origin, perhaps with a raised footway."""

    crossfall: float = Field(default=0.02, description="fall towards -y, rise per run")
    grade: float = Field(default=0.0, description="rise along x, rise per run")
    roughness_m: NotNegative = Field(default=0.001, description="rms of the texture, m")
    margin_m: Positive = Field(default=1.5, description="pavement kept around the trench, m")
    kerb_y_m: float | None = Field(default=None, description="y of the kerb's face, m")
    kerb_height_m: Positive = Field(default=0.15, description="footway above the road, m")


class SpoilHeap(_Part):
    """Excavated soil on the pavement beside the trench."""

    chainage_m: float = Field(description="of its centre, m")
    offset_m: float = Field(description="of its centre from the trench axis, left positive, m")
    length_m: Positive = 4.0
    width_m: Positive = 1.2
    height_m: Positive = 0.5


class Trench(_Part):
    """An excavation along an axis of lines and arcs."""

    vertices: tuple[Vertex2, ...] = Field(min_length=2, description="of the axis, site frame, m")
    bend_radius_m: Positive = Field(default=1.5, description="of the axis at its vertices, m")
    width_m: Positive = Field(default=0.9, description="at the floor, m")
    depth_m: float | tuple[Vertex2, ...] = Field(
        default=1.3, description="pavement to floor, or pairs of chainage and depth, m"
    )
    walls: Literal["soil", "sheet_pile"] = "soil"
    batter: NotNegative = Field(default=0.03, description="outward run per rise of the walls")
    wall_roughness_m: NotNegative = Field(default=0.012, description="rms, m")
    floor_roughness_m: NotNegative = Field(default=0.012, description="rms, m")
    pile_depth_m: Positive = Field(default=0.12, description="corrugation of sheet piles, m")
    pile_width_m: Positive = Field(default=0.4, description="of one sheet pile, m")


class Mound(_Part):
    """Soil heaped over a pipe, hiding it."""

    chainage_m: float = Field(description="of the hidden stretch's middle along the pipe, m")
    length_m: Positive = Field(description="of the hidden stretch, m")


class Pipe(_Part):
    """A pipe of straight pieces and circular bends."""

    material: str | None = Field(default=None, description="code of the catalogue")
    nominal_mm: int | None = Field(default=None, description="nominal diameter, mm")
    outer_diameter_m: Positive | None = Field(default=None, description="where not catalogued, m")
    role: Role = Role.MAIN
    vertices: tuple[Vertex3, ...] = Field(
        min_length=2, description="x, y in the site frame and cover from pavement to crown, m"
    )
    bend_radius_m: Positive | tuple[float, ...] = Field(
        default=0.6, description="of the centreline, one for all inner vertices or one each, m"
    )
    sockets: bool = Field(default=False, description="bells at the joints")
    first_joint_m: NotNegative = Field(default=1.0, description="chainage of the first joint, m")
    laying_length_m: Positive | None = Field(
        default=None, description="joint to joint, m; without it that of the catalogue, or 5"
    )
    saddle: bool = Field(default=False, description="a clamp on the main where the pipe starts")
    sleeve_fold_m: NotNegative = Field(
        default=0.0, description="height of the folds of a polyethylene sleeve, m"
    )
    bedding: float = Field(
        default=0.0, ge=0, lt=1, description="lower part of the diameter buried in sand"
    )
    bedding_roughness_m: NotNegative = Field(default=0.008, description="rms of the sand, m")
    mounds: tuple[Mound, ...] = ()

    @model_validator(mode="after")
    def _has_a_diameter(self) -> "Pipe":
        catalogued = self.material is not None and self.nominal_mm is not None
        if not catalogued and self.outer_diameter_m is None:
            raise ValueError("give material and nominal_mm, or outer_diameter_m")
        return self


class Scene(_Part):
    """All that is scanned, how it is scanned and where it lies."""

    name: str = "scene"
    seed: int = Field(default=1, ge=0, description="of all that is random")
    easting_m: float = Field(default=0.0, description="of the origin in the scan frame, m")
    northing_m: float = Field(default=0.0, description="of the origin in the scan frame, m")
    elevation_m: float = Field(default=0.0, description="of the pavement at the origin, m")
    azimuth_deg: float = Field(default=90.0, description="of +x, clockwise from north")
    pavement: Pavement = Pavement()
    trenches: tuple[Trench, ...] = Field(min_length=1)
    heaps: tuple[SpoilHeap, ...] = ()
    pipes: tuple[Pipe, ...] = ()
    bodies: tuple[Annotated[Body, Field(discriminator="kind")], ...] = ()
    scanner: Scanner = Scanner()


def load_scene(path: Path) -> Scene:
    """Read a scene from a TOML file.

    Raises
    ------
    UsageError
        Where the file can't be read or an entry in it is wrong; the message names the entry.
    """
    try:
        return Scene.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path}: can't read the scene: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML in UTF-8: {error}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"]) or "scene"
        raise UsageError(f"{path}: entry {place}: {problem['msg']}; correct it") from error
