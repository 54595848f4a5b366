"""What bends and joints are."""

from pydantic import BaseModel, ConfigDict, Field


class FittingsOptions(BaseModel):
    """Options of bends and joints."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_bend_deg: float = Field(4.0, gt=0.0, description="smallest bend reported, degrees")
    max_bend_radius_m: float = Field(
        7.0, gt=0.0, description="curves wider than this are the route, not a fitting, metres"
    )
    bend_tolerance_deg: float = Field(
        1.0, gt=0.0, description="how far a bend may be off its standard angle, degrees"
    )
    min_socket_rise_m: float = Field(
        0.010, gt=0.0, description="how far a socket stands out of the barrel at least, metres"
    )
    min_low_socket_rise_m: float = Field(
        0.005, gt=0.0, description="the same of a material with low sockets, such as PVC, metres"
    )
    max_socket_rise_m: float = Field(
        0.080, gt=0.0, description="and at most, metres; or half the radius of a large main"
    )
    min_socket_length_m: float = Field(0.04, gt=0.0, description="shortest socket, metres")
    max_socket_length_m: float = Field(0.45, gt=0.0, description="longest socket, metres")
