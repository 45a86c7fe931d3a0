"""Writes docs/settings.md from `deploy.settings`: `python -m deploy.settings_page`."""

from __future__ import annotations

from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from deploy.secret_files import variables
from deploy.setting_kinds import allowed
from deploy.setting_origins import PREFIX
from deploy.settings import SECRETS, Settings

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"

HEAD = """# Settings

Written by `make docs` from `deploy/settings.py`; a test fails when it is stale.

Every process reads the same settings. A flag of the `esi` command wins over the environment, the environment over a
`.env` file in the folder where the command is called, and that over the default. An unknown name that begins with
`ESI_`, or a value that cannot be, ends the command with a line that names it, says where it comes from and what is
allowed. Passwords in URLs are shown nowhere.

A secret may stand in a file instead, as container engines bring them: the one that
`ESI_REDIS_URL_FILE=/run/secrets/redis_url` names holds what `ESI_REDIS_URL` would.
So do {files}.

| Variable | Allowed | Default | What it does |
| --- | --- | --- | --- |
"""

TAIL = """
Flags are spelled like the variables: `ESI_API_PORT` is `--api-port`; only `ESI_DATA_DIR` is `--data`, and
`ESI_MARKETS` is `--market`, once for each. `esi VERB --help` lists the flags of a verb.

Some more names are no settings: `ESI_DATA`, `ESI_REQUIRE_SERVERS`, `ESI_CHROMIUM`, `ESI_UPDATE_GOLDEN` and `ESI_TEST_*`
are read by the tests (where the real market data lies; whether an absent server fails a test),
`ESI_VALKEY_PASSWORD` and `ESI_TIMESCALE_PASSWORD` by `docker-compose.yml`.
"""


def render() -> str:
    """The whole page."""
    others = [f"`{name}`" for name in variables(SECRETS, PREFIX) if name != "ESI_REDIS_URL_FILE"]
    head = HEAD.replace("{files}", f"{', '.join(others[:-1])} and {others[-1]}")
    return head + "".join(_row(name, field) for name, field in Settings.model_fields.items()) + TAIL


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{PREFIX}{name.upper()}` | {allowed(field)} | {_default(field)} | {field.description} |\n"


def _default(field: FieldInfo) -> str:
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["default_text"])
    value = field.default
    if value in (None, "", (), PydanticUndefined):
        return "none"
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
