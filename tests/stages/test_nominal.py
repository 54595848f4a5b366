import numpy as np
import pytest

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.errors import UsageError
from twin_pipeline.stages.nominal import NominalOptions, decide_nominal


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue()


def between(catalogue, material, first_mm, second_mm):
    sizes = [catalogue.size(material, mm).outer_diameter_m for mm in (first_mm, second_mm)]
    return sum(sizes) / 2


@pytest.mark.parametrize(
    ("material", "nominal_mm"), [("DIP", 75), ("DIP", 150), ("HPPE", 50), ("VP", 100), ("SP", 200)]
)
def test_the_material_given_decides(catalogue, material, nominal_mm):
    diameter_m = catalogue.size(material, nominal_mm).outer_diameter_m
    decided = decide_nominal(
        diameter_m + 0.0005, 0.0007, catalogue, NominalOptions(material=material)
    )
    assert decided.diameter_mm == nominal_mm
    assert 0.95 < decided.probability <= 1.0
    assert decided.explanation is None


def test_every_size_of_every_material_is_decided_when_well_measured(catalogue):
    for material in catalogue.materials:
        options = NominalOptions(material=material)
        for size in catalogue.sizes(material):
            decided = decide_nominal(size.outer_diameter_m, 0.0005, catalogue, options)
            assert decided.diameter_mm == size.nominal_diameter_mm, size


def test_without_material_a_diameter_that_only_one_nominal_has_is_decided(catalogue):
    """169 mm: ductile iron of DN 150 has it; the neighbours of any material are 4 mm off."""
    decided = decide_nominal(0.169, 0.0005, catalogue, NominalOptions())
    assert decided.diameter_mm == 150


def test_without_material_a_diameter_that_two_nominals_share_is_open(catalogue):
    """VP of DN 75 and steel of DN 80 differ by 0.1 mm."""
    diameter_m = catalogue.size("SP", 80).outer_diameter_m
    decided = decide_nominal(diameter_m, 0.0005, catalogue, NominalOptions())
    assert decided.diameter_mm is None
    assert "DN75" in decided.explanation
    assert "DN80" in decided.explanation
    for material, nominal_mm in (("VP", 75), ("SP", 80)):
        known = decide_nominal(diameter_m, 0.0005, catalogue, NominalOptions(material=material))
        assert known.diameter_mm == nominal_mm


def test_an_open_case_names_the_two_best_candidates(catalogue):
    diameter_m = between(catalogue, "DIP", 75, 100)
    decided = decide_nominal(diameter_m, 0.015, catalogue, NominalOptions(material="DIP"))
    assert decided.diameter_mm is None
    assert 0.3 < decided.probability < 0.6
    assert "DN75 (" in decided.explanation
    assert "DN100 (" in decided.explanation
    assert decided.explanation.count("DN") == 2


def test_an_open_case_says_that_no_size_may_fit_where_that_is_likelier_than_the_second(catalogue):
    """Three and a half sigma off ductile iron of DN 150, which is the only one near."""
    known = catalogue.size("DIP", 150).outer_diameter_m
    decided = decide_nominal(known + 0.0043, 0.0003, catalogue, NominalOptions(material="DIP"))
    assert decided.diameter_mm is None
    assert "DN150 (" in decided.explanation
    assert ", or no size of DIP (" in decided.explanation


def test_a_diameter_that_no_pipe_has_is_said_to_be_so(catalogue):
    diameter_m = between(catalogue, "DIP", 75, 100)
    decided = decide_nominal(diameter_m, 0.0003, catalogue, NominalOptions(material="DIP"))
    assert (decided.diameter_mm, decided.probability) == (None, None)
    assert f"{1000 * diameter_m:.1f} mm" in decided.explanation
    assert "DIP" in decided.explanation


@pytest.mark.parametrize("given", ["DIP", "HPPE", "VP", "SP", "SUS"])
def test_a_wrong_material_is_doubted_and_no_wrong_size_stated(catalogue, given):
    """Of sizes that no size of the material given comes near (5 mm: ten sigma and more)."""
    own = np.array([size.outer_diameter_m for size in catalogue.sizes(given)])
    options = NominalOptions(material=given)
    doubted = 0
    for size in catalogue.sizes():
        decided = decide_nominal(size.outer_diameter_m, 0.0005, catalogue, options)
        if size.material == given or abs(own - size.outer_diameter_m).min() < 0.005:
            continue
        assert decided.diameter_mm is None, size
        if size.outer_diameter_m < 0.5:  # beyond, 0.5 % of tolerance bridge 5 mm
            doubted += 1
            assert "check the material" in decided.explanation, (size, decided)
            assert f"{size.material} DN{size.nominal_diameter_mm}" in decided.explanation
    assert doubted > 5


def test_ductile_iron_said_to_be_polyethylene_is_told(catalogue):
    decided = decide_nominal(0.1692, 0.0004, catalogue, NominalOptions(material="HPPE"))
    assert (decided.diameter_mm, decided.probability) == (None, None)
    assert decided.explanation == (
        "169.2 mm fits DIP DN150, not HPPE (DN150 has 180.0 mm): check the material"
    )


def test_a_diameter_far_beyond_all_sizes_is_null(catalogue):
    decided = decide_nominal(4.0, 0.001, catalogue, NominalOptions())
    assert (decided.diameter_mm, decided.probability) == (None, None)
    assert "any material" in decided.explanation


def test_a_poorer_measurement_is_never_surer(catalogue):
    diameter_m = catalogue.size("DIP", 150).outer_diameter_m
    options = NominalOptions(material="DIP")
    decisions = [decide_nominal(diameter_m, s, catalogue, options) for s in (0.001, 0.02, 0.1)]
    probabilities = [decision.probability for decision in decisions]
    assert probabilities == sorted(probabilities, reverse=True)
    assert decisions[-1].diameter_mm is None


def test_the_probability_asked_for_is_what_decides(catalogue):
    diameter_m = catalogue.size("DIP", 75).outer_diameter_m + 0.001
    asked = [
        decide_nominal(
            diameter_m, 0.01, catalogue, NominalOptions(material="DIP", min_probability=p)
        )
        for p in (0.6, 0.999)
    ]
    assert [decision.diameter_mm for decision in asked] == [75, None]
    assert asked[0].probability == asked[1].probability


def test_an_unknown_material_is_a_usage_error(catalogue):
    with pytest.raises(UsageError, match="WOOD"):
        decide_nominal(0.169, 0.001, catalogue, NominalOptions(material="WOOD"))
