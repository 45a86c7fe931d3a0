"""Flags that verbs share are spelled like the settings they set."""

from __future__ import annotations

from typing import get_args

from deploy import options
from deploy.setting_origins import FLAGS
from deploy.settings import Settings


def test_a_flag_is_its_setting() -> None:
    flags = {f"--{name.replace('_', '-')}" for name in Settings.model_fields} | set(FLAGS.values())
    named = {name: get_args(value)[1] for name, value in vars(options).items() if get_args(value)}
    assert set(named) >= {"Data", "Kafka", "Redis", "Postgres", "MarketsOption", "Rate", "Seed", "ApiPort"}
    spelled = {flag for option in named.values() for flag in option.param_decls or ()}
    assert spelled - {"--json"} <= flags
    assert all(option.help for option in named.values())
