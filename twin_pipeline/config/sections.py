"""The sections of the configuration; each is described by the part that it steers."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, PrivateAttr

from twin_pipeline.counts.options import CountsOptions
from twin_pipeline.crs import CrsOptions
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.geometry.options import PiecesOptions
from twin_pipeline.job.options import JobOptions
from twin_pipeline.patience import WatchOptions
from twin_pipeline.pictures import DebugOptions
from twin_pipeline.publication.options import PublishOptions
from twin_pipeline.reference.options import BoundaryOptions, CoverOptions, DesignOptions
from twin_pipeline.registration import RegistrationOptions
from twin_pipeline.stages.classify import ClassifyOptions
from twin_pipeline.stages.cross_sections import CrossSectionsOptions
from twin_pipeline.stages.describe import DescribeOptions
from twin_pipeline.stages.detect import DetectOptions
from twin_pipeline.stages.fittings import FittingsOptions
from twin_pipeline.stages.ground import GroundOptions
from twin_pipeline.stages.judge import JudgeOptions
from twin_pipeline.stages.measure import MeasureOptions
from twin_pipeline.stages.nominal import NominalOptions
from twin_pipeline.stages.prepare import PrepareOptions
from twin_pipeline.stages.read import ReadOptions
from twin_pipeline.stages.steady import SteadyOptions
from twin_pipeline.stages.tees import TeesOptions
from twin_pipeline.stages.trace import TraceOptions
from twin_pipeline.tiles import TilesOptions
from twin_pipeline.view.options import ViewOptions


class Config(BaseModel):
    """All options of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crs: CrsOptions = CrsOptions()
    read: ReadOptions = ReadOptions()
    registration: RegistrationOptions = RegistrationOptions()
    steady: SteadyOptions = SteadyOptions()
    prepare: PrepareOptions = PrepareOptions()
    pieces: PiecesOptions = PiecesOptions()
    ground: GroundOptions = GroundOptions()
    detect: DetectOptions = DetectOptions()
    trace: TraceOptions = TraceOptions()
    measure: MeasureOptions = MeasureOptions()
    judge: JudgeOptions = JudgeOptions()
    classify: ClassifyOptions = ClassifyOptions()
    fittings: FittingsOptions = FittingsOptions()
    tees: TeesOptions = TeesOptions()
    nominal: NominalOptions = NominalOptions()
    describe: DescribeOptions = DescribeOptions()
    cross_sections: CrossSectionsOptions = CrossSectionsOptions()
    tiles: TilesOptions = TilesOptions()
    boundary: BoundaryOptions = BoundaryOptions()
    design: DesignOptions = DesignOptions()
    cover: CoverOptions = CoverOptions()
    job: JobOptions = JobOptions()
    export: ExportOptions = ExportOptions()
    debug: DebugOptions = DebugOptions()
    view: ViewOptions = ViewOptions()
    counts: CountsOptions = CountsOptions()
    publish: PublishOptions = PublishOptions()
    watch: WatchOptions = WatchOptions()

    _sources: Mapping[tuple[str, str], str] = PrivateAttr(default_factory=dict)

    def sections(self) -> dict[str, BaseModel]:
        """Return the options of each part by the section's name."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def sources(self, section: str) -> dict[str, str]:
        """Return, by key of a section, what set it: a flag, a variable or a file.

        Keys at their default are absent.
        """
        return {key: source for (part, key), source in self._sources.items() if part == section}

    def with_sources(self, sources: Mapping[tuple[str, str], str]) -> "Config":
        """Return the same options, each (section, key) known to be set by its source."""
        config = self.model_copy()
        config._sources = dict(sources)  # noqa: SLF001 - of the same class
        return config
