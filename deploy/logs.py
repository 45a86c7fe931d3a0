"""Log lines of every process: structlog to standard error, JSON for machines, coloured text on a terminal."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import msgspec
import structlog
from structlog.typing import EventDict, Processor

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_QUIET = {"alembic": logging.WARNING, "alembic.util.messaging": logging.CRITICAL}
"""Who tells what nobody asked, or what we tell ourselves in better words, and from which level on they are heard."""


def configure(
    process: str,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["auto", "json", "console"] = "auto",
) -> None:
    """Sends structlog's and the standard library's lines to standard error in one form.

    Every line has `event`, `process`, `level` and `timestamp` (UTC, RFC 3339), and what was bound to
    `structlog.contextvars` (correlation ids such as `request_id`, `feed`, `run`).
    """

    def name_process(_: object, __: str, line: EventDict) -> EventDict:
        line.setdefault("process", process)
        return line

    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_process,
    ]
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(form)],
        )
    )
    logging.basicConfig(handlers=[handler], level=_LEVELS[level], force=True)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)


def _rendering(form: str) -> list[Processor]:
    """The last steps of a line: readable on a terminal, else one JSON object with exceptions as text."""
    if form == "console" or (form == "auto" and sys.stderr.isatty()):
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]  # locals hold secrets
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]


def _json(line: object, **_: object) -> str:
    """One line of JSON; what JSON cannot say is said as text."""
    return msgspec.json.encode(line, enc_hook=str).decode()
