import runpy
import tomllib
from pathlib import Path

import pytest

from twin_pipeline.config import Config, Setting, load_config, to_toml
from twin_pipeline.errors import UsageError

CONFIGS = Path(__file__).parent.parent / "configs"


def _file(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_anything_the_defaults_hold():
    assert load_config(environment={}).model_dump() == Config().model_dump()


def test_default_file_is_what_the_command_writes(capsys):
    runpy.run_module("twin_pipeline.config", run_name="__main__")
    assert capsys.readouterr().out == (CONFIGS / "default.toml").read_text("utf-8"), "make config"


def test_default_file_lists_every_key_with_a_description():
    text = (CONFIGS / "default.toml").read_text("utf-8")
    for section, options in Config().sections().items():
        assert f"[{section}]" in text
        for key, field in type(options).model_fields.items():
            assert field.description, f"{section}.{key} has no description"
            assert f"\n{key} =" in text or f"\n# {key} =" in text


def test_default_file_gives_the_defaults():
    config = load_config(CONFIGS / "default.toml", environment={})
    assert config.model_dump() == Config().model_dump()


def test_tokyo_file_is_what_a_tokyo_office_uses():
    crs = load_config(CONFIGS / "tokyo.toml", environment={}).crs
    assert (crs.default_crs, crs.vertical, crs.geoid) == ("EPSG:6677", "jgd2011", "gsigeo2011")


def test_flag_wins_over_environment_wins_over_file(tmp_path):
    path = _file(tmp_path, '[crs]\nvertical = "jgd2011"\ngeoid = "gsigeo2011"\ncrs = 6677\n')
    config = load_config(
        path,
        environment={
            "TWIN_PIPELINE_CRS__VERTICAL": "ap",
            "TWIN_PIPELINE_CRS__GEOID": "jpgeo2024",
        },
        flags={("crs", "vertical"): Setting("ellipsoidal", "--vertical")},
    )
    assert config.crs.vertical == "ellipsoidal"
    assert config.crs.geoid == "jpgeo2024"
    assert config.crs.crs == "EPSG:6677"
    assert config.sources("crs") == {
        "vertical": "--vertical",
        "geoid": "TWIN_PIPELINE_CRS__GEOID",
        "crs": str(path),
    }


def test_environment_values_are_turned_into_the_key_s_type():
    config = load_config(
        environment={
            "TWIN_PIPELINE_TILES__POINTS_PER_TILE": "5000",
            "TWIN_PIPELINE_CRS__FORCE_CRS": "true",
            "TWIN_PIPELINE_CRS__VERTICAL": "",
            "TWIN_PIPELINE_REQUIRE_BROWSER": "1",
        }
    )
    assert config.tiles.points_per_tile == 5000
    assert config.crs.force_crs is True
    assert config.crs.vertical is None


@pytest.mark.parametrize(
    ("text", "wrong", "nearest"),
    [
        ('[crs]\nvertikal = "ap"\n', "crs.vertikal", "crs.vertical"),
        ('[crss]\nvertical = "ap"\n', "crss.vertical", "crs.vertical"),
        ("[tiles]\nvoxel_size_m = 1\n", "tiles.voxel_size_m", "prepare.voxel_size_m"),
        ('geoid = "jpgeo2024"\n', "geoid", "crs.geoid"),
    ],
)
def test_unknown_key_names_file_key_and_the_nearest(tmp_path, text, wrong, nearest):
    path = _file(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_config(path, environment={})
    message = str(caught.value)
    assert message.startswith(f"{path}: {wrong} is no")
    assert message.endswith(f"nearest is {nearest}")


def test_unknown_variable_is_named():
    with pytest.raises(UsageError, match=r"TWIN_PIPELINE_CRS__GEOIDE: crs\.geoide .*crs\.geoid$"):
        load_config(environment={"TWIN_PIPELINE_CRS__GEOIDE": "jpgeo2024"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[crs]\nvertical = "tp"\n', r"crs\.vertical = 'tp': .*'jgd2011', 'jgd2024'"),
        ("[tiles]\npoints_per_tile = 3\n", r"tiles\.points_per_tile = 3: .*equal to 1000"),
        ('[crs]\norigin = "200,0,0"\n', r"crs\.origin = '200,0,0': .*not on earth"),
        ('crs = "EPSG:6677"\n', r"crs is no configuration key; the nearest is crs\.crs"),
    ],
)
def test_wrong_value_is_one_line_with_key_value_and_what_is_allowed(tmp_path, text, message):
    path = _file(tmp_path, text)
    with pytest.raises(UsageError, match=message) as caught:
        load_config(path, environment={})
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"[crs\n", b"\xff\xfe", b"[crs]\nx = 1\nx = 2\n"])
def test_file_that_is_no_toml_is_named(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"broken\.toml: is no TOML file"):
        load_config(path, environment={})


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"absent\.toml: can't be read"):
        load_config(tmp_path / "absent.toml", environment={})


def test_effective_configuration_can_be_read_back(tmp_path):
    config = load_config(
        environment={
            "TWIN_PIPELINE_CRS__ORIGIN": "139.75,35.68,40",
            "TWIN_PIPELINE_CRS__CRS": "local",
        }
    )
    text = to_toml(config)
    assert tomllib.loads(text)["crs"]["origin"] == [139.75, 35.68, 40.0]
    again = load_config(_file(tmp_path, text), environment={})
    assert again.model_dump() == config.model_dump()
