"""Sort the points along a Morton curve and offer them as a pyramid of voxels."""

from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.errors import InputError
from twin_pipeline.geometry.piecewise import Bench, PiecewisePyramid
from twin_pipeline.geometry.pyramid import MAX_VOXELS_PER_AXIS, Pyramid
from twin_pipeline.kernels import ordering
from twin_pipeline.model import PointCloud


class PrepareOptions(BaseModel):
    """Options of the voxel pyramid."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voxel_size_m: float = Field(0.010, gt=0.0, le=0.1, description="finest voxel, metres")


def prepare(cloud: PointCloud, options: PrepareOptions, bench: Bench | None = None) -> Pyramid:
    """Build the voxel pyramid of a cloud; on a bench where the cloud is larger than the memory.

    Raises
    ------
    InputError
        The cloud is empty or spans more than 2**21 voxels along an axis.
    """
    if len(cloud) == 0:
        raise InputError("the scan holds no points: check the file with `twin-pipeline info`")
    lower, upper = ordering.bounds(cloud.xyz)
    extent_m = float((upper - lower).max())
    limit_m = (MAX_VOXELS_PER_AXIS - 2) * options.voxel_size_m
    if extent_m > limit_m:
        raise InputError(
            f"the scan spans {extent_m:.0f} m, more than the {limit_m:.0f} m that "
            f"prepare.voxel_size_m = {options.voxel_size_m} allows: remove far outliers or raise it"
        )
    if bench is not None:
        return PiecewisePyramid.of_large(cloud, options.voxel_size_m, bench)
    return Pyramid.of_cloud(cloud, options.voxel_size_m)
