"""The page of settings belongs to the settings."""

from __future__ import annotations

from deploy.settings import Settings
from deploy.settings_page import PAGE, render


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == render(), "stale: run make docs"


def test_every_setting_has_its_row() -> None:
    rows = [line for line in render().splitlines() if line.startswith("| `ESI_")]
    assert [row.split("`")[1] for row in rows] == [f"ESI_{name.upper()}" for name in Settings.model_fields]
    assert all(len(row.split(" | ")) == 4 and row.split(" | ")[3].rstrip(" |") for row in rows)
