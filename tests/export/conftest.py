"""Sites as the formats get them."""

import pytest
from factories import make_empty_survey, make_result

from twin_pipeline.export.attributes import SiteResult


@pytest.fixture
def result() -> SiteResult:
    return make_result()


@pytest.fixture
def results(result) -> list[SiteResult]:
    return [result, make_result(make_empty_survey())]
