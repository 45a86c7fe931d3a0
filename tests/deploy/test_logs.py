"""Log lines: one JSON object each, with process, correlation ids and exceptions."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import psycopg

from api.archive.schema import migrate
from tests import servers

SCRIPT = """
import logging, structlog
from deploy import logs
logs.configure("flow x", {level!r}, {form!r})
structlog.contextvars.bind_contextvars(request_id="r1")
structlog.get_logger().info("started", port=3, odd={{1}})
structlog.get_logger().debug("detail")
logging.getLogger("uvicorn").warning("from %s", "elsewhere")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("failed")
"""


def _said(level: str = "info", form: str = "auto") -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(level=level, form=form)], capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_where_there_is_no_terminal_every_line_is_json_on_standard_error() -> None:
    out, err = _said()
    assert out == ""
    started, foreign, failed = _lines(err)
    assert started["event"] == "started"
    assert started["port"] == 3
    assert {line["process"] for line in (started, foreign, failed)} == {"flow x"}
    assert {line["request_id"] for line in (started, foreign, failed)} == {"r1"}
    assert foreign["event"] == "from elsewhere"
    assert foreign["level"] == "warning"
    assert "ZeroDivisionError" in failed["exception"]
    assert started["timestamp"].endswith("Z")


def test_the_level_is_obeyed() -> None:
    assert [line["event"] for line in _lines(_said("debug")[1])] == ["started", "detail", "from elsewhere", "failed"]
    assert [line["event"] for line in _lines(_said("error")[1])] == ["failed"]


def test_for_eyes_it_is_text() -> None:
    err = _said(form="console")[1]
    assert "started" in err
    assert not err.startswith("{")


def test_who_refuses_says_so_in_one_sentence_without_its_librarys_lines(
    database: str, redis_server: servers.Redis
) -> None:
    """The library that changes tables tells its steps, and what is wrong in its own words, before we do."""
    migrate(database)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    command = [sys.executable, "-m", "deploy", "archive", "--redis-url", redis_server.url, "--postgres-url", database]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=servers.CHECKOUT)
    assert (done.returncode, done.stdout) == (2, "")
    *before, said = done.stderr.splitlines()
    assert said.startswith("esi: the archive's tables are of a later version of ESI than this one")
    assert [json.loads(line)["event"] for line in before] == ["archiving"]
