"""Passwords are never shown."""

import json

import pytest
from pydantic import SecretStr

from twin_pipeline.config import Config, to_toml
from twin_pipeline.export.dsn import is_masked, masked
from twin_pipeline.export.options import ExportOptions


@pytest.mark.parametrize(
    ("dsn", "wanted"),
    [
        ("postgresql://u:secret@h:5432/d", "postgresql://u:***@h:5432/d"),
        ("postgres://u@h/d", "postgres://u@h/d"),
        ("postgresql:///d?host=/run&user=u&password=secret", None),
        ("postgresql://u:se:c@ret@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:sec/ret@h/d", "***"),
        ("postgresql://u:sec#ret@h/d", "***"),
        ("postgresql://u:sec?ret@h/d", "***"),
        ("postgresql://u:secret@[::1/d", "***"),
        ("host=h user=u password=secret dbname=d", "host=h user=u password=*** dbname=d"),
        ("host=h password='se cr\\'et' dbname=d", "host=h password=*** dbname=d"),
        ("host=h password = secret", "host=h password=***"),
        ("u:secret@h/d", "***"),
        ("secret", "***"),
    ],
)
def test_passwords_are_masked(dsn, wanted):
    shown = masked(dsn)
    assert "sec" not in shown
    assert "ret" not in shown
    if wanted is not None:
        assert shown == wanted


def test_the_effective_configuration_has_no_password():
    config = Config(export=ExportOptions(dsn=SecretStr("postgresql://u:secret@h/d")))
    for text in (to_toml(config), json.dumps(config.model_dump(mode="json")), repr(config)):
        assert "secret" not in text
    assert 'dsn = "postgresql://u:***@h/d"' in to_toml(config)
    assert is_masked(config.model_dump(mode="json")["export"]["dsn"])
