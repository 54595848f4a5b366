"""What job files state, and what of it reaches the pipes."""

import pytest

from tests.factories import make_pipe, make_survey
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.job import PipeFacts, SiteFacts, load_job_file, with_job
from twin_pipeline.model import JobFacts
from twin_pipeline.stages.nominal import NominalOptions, decide_nominal

TOML = """
[sites.trench_1]
"工事番号" = "7水工第123号"
route_name = "区道12号線"
laid_fiscal_year = 2025

[sites.trench_1.pipes.P02]
"継手形式" = "K"
"管種" = "鋼管"
"""
CSV = (
    "現場,管ID,工事番号,路線名,布設年度,継手形式,管種\r\n"
    "trench_1,,7水工第123号,区道12号線,2025,,\r\n"
    "\r\n"
    "trench_1,P02,,,,K,鋼管\r\n"
)
WANTED = SiteFacts(
    PipeFacts(None, JobFacts("7水工第123号", "区道12号線", 2025, None)),
    {"P02": PipeFacts("SP", JobFacts(joint_type="K"))},
)


def load(tmp_path, content, name="job.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(content.encode(encoding))
    return load_job_file(path)


@pytest.mark.parametrize(
    ("content", "name", "encoding"),
    [
        (TOML, "job.toml", "utf-8"),
        (CSV, "job.csv", "utf-8"),
        (CSV, "job.csv", "utf-8-sig"),
        (CSV, "JOB.CSV", "cp932"),
    ],
)
def test_toml_and_csv_state_the_same(tmp_path, content, name, encoding):
    facts = load(tmp_path, content, name, encoding).of("trench_1")
    assert (facts.shared, facts.pipes) == (WANTED.shared, WANTED.pipes)


@pytest.mark.parametrize(
    ("year", "wanted"),
    [("2025", 2025), ("2025年度", 2025), ("令和7年度", 2025), ("R7", 2025), ("Ｒ０７", 2025),
     ("平成元年", 1989), ("H31", 2019), ("昭和50", 1975)],
)  # fmt: skip
def test_years_of_both_calendars(tmp_path, year, wanted):
    facts = load(tmp_path, f"site,布設年度\na,{year}\n").of("a")
    assert facts.shared.job.laid_fiscal_year == wanted


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        ("", "job.csv", "is empty"),
        ("route_name\nx\n", "job.csv", "has no column site or 現場"),
        (
            "site,route\na,x\n",
            "job.csv",
            "line 2: 'route' is no fact of a job; the nearest is rout",
        ),
        ("site,管種\na,鉛管\n", "job.csv", "line 2: material '鉛管' is not in the catalogue"),
        ("site,布設年度\na,7\n", "job.csv", "line 2: laid_fiscal_year '7' is no year"),
        ("site,布設年度\na,R0\n", "job.csv", "is no year"),
        ("site,路線名\na,x\n\na,y\n", "job.csv", "line 4: site a stands in the file twice"),
        ("site,路線名,route_name\na,x,y\n", "job.csv", "route_name is stated twice"),
        ("site,路線名,路線名\na,x,y\n", "job.csv", "names a column twice"),
        ("site,路線名\na\n", "job.csv", "line 2: has 1 cells instead of 2"),
        ("site,路線名\n ,x\n", "job.csv", "line 2: names no site"),
        ("[sites.a\n", "job.toml", "is no TOML file"),
        ("[a]\nroute_name = 1\n", "job.toml", r"\[a\] is no part of a job file"),
        ("[sites]\na = 1\n", "job.toml", r"\[sites\] is no table of tables"),
    ],
)
def test_slips_are_named_with_their_place(tmp_path, content, name, reason):
    with pytest.raises(UsageError, match=reason) as caught:
        load(tmp_path, content, name)
    assert str(tmp_path / name) in str(caught.value)


def test_unreadable_files(tmp_path):
    with pytest.raises(InputError, match="can't be read"):
        load_job_file(tmp_path / "absent.csv")
    (tmp_path / "job.csv").write_bytes(b"site\n\x81\xff\xff")
    with pytest.raises(UsageError, match="neither UTF-8 nor CP932"):
        load_job_file(tmp_path / "job.csv")


def test_facts_reach_the_pipes_and_the_pipes_own_go_before():
    survey = make_survey()
    facts = SiteFacts(
        PipeFacts(None, JobFacts("1", "route", 2024, "GX")),
        {"P2": PipeFacts(None, JobFacts(joint_type="K"))},
    )
    pipes = with_job(survey, facts, load_catalogue(), NominalOptions()).pipes
    assert [pipe.job.joint_type for pipe in pipes] == ["GX", "K", "GX"]
    assert {pipe.job.construction_no for pipe in pipes} == {"1"}
    assert [p.nominal_diameter_mm for p in pipes] == [p.nominal_diameter_mm for p in survey.pipes]


def test_a_material_decides_the_nominal_diameter_anew_and_takes_the_old_doubt_back():
    catalogue, options = load_catalogue(), NominalOptions()
    open_ = decide_nominal(0.0893, 0.001, catalogue, options)
    assert open_.explanation is not None
    pipe = make_pipe(
        outer_diameter_m=0.0893,
        outer_diameter_std_m=0.001,
        material=None,
        nominal_diameter_mm=None,
        nominal_probability=open_.probability,
        quality_reason=f"only 80 degrees seen; {open_.explanation}",
    )
    survey = make_survey(pipes=(pipe,))
    (found,) = with_job(survey, SiteFacts(PipeFacts("SP")), catalogue, options).pipes
    wanted = decide_nominal(0.0893, 0.001, catalogue, NominalOptions(material="SP"))
    assert (found.material, found.nominal_diameter_mm) == ("SP", 80)
    assert found.nominal_probability == wanted.probability
    assert found.quality_reason == "only 80 degrees seen"
    (back,) = with_job(survey, SiteFacts(PipeFacts("SUS")), catalogue, options).pipes
    assert back.quality_reason.startswith("only 80 degrees seen; ")
    assert "SUS" in back.quality_reason
