"""Models are looked for in the data folder, and nobody is promoted by rule, unless settings say otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.model_settings import SHIPPED
from deploy.settings import SettingsError, load


def test_defaults_are_safe(tmp_path: Path) -> None:
    said = load({"data_dir": tmp_path})
    assert said.registry_dir == tmp_path / "registry"
    assert said.auto_promote == "off"
    assert said.reference_dir == SHIPPED


def test_a_registry_of_ones_own_reaches_other_processes(tmp_path: Path) -> None:
    said = load({"registry": tmp_path / "shared", "auto_promote": "on"})
    assert said.registry_dir == tmp_path / "shared"
    told = said.environment()
    assert (told["ESI_REGISTRY"], told["ESI_AUTO_PROMOTE"]) == (str(tmp_path / "shared"), "on")


def test_another_rule_is_told() -> None:
    with pytest.raises(SettingsError, match="auto-promote"):
        load({"auto_promote": "sometimes"})
