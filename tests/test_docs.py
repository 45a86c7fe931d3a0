"""README and docs keep to what is there: links, verbs, snippets, records, fields."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import typer.main
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.alerting.receivers import KINDS
from deploy.cli import app
from models.alerts.check import FUNCTIONS
from models.publication import METHOD_VERSION
from models.signals import bars
from schemas import indicator, market, market_parts
from schemas.alert_fields import FIELDS
from schemas.alert_rule import TAKES, AlertRule
from schemas.duration import DAY_US
from schemas.instrument import Instrument
from schemas.market_file import load, parse

CHECKOUT = Path(__file__).parent.parent
DOCS = CHECKOUT / "docs"
RECORDS = DOCS / "decisions"
PAGES = sorted([*CHECKOUT.glob("*.md"), CHECKOUT / "bench" / "README.md", *DOCS.rglob("*.md")])

LINK = re.compile(r"\]\(([^)\s#]+)(#[^)\s]*)?\)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("## The market", market.Market),
    ("## `[half_life]`", market_parts.HalfLife),
    ("## `[history]`", market_parts.History),
    ("## `[validation]`", market_parts.Validation),
    ("## `[diurnal]`", market_parts.Diurnal),
    ("## `[scores]`", market_parts.Scoring),
    ("## `[[episode]]`", market_parts.Episode),
    ("## `[[alert]]`", AlertRule),
    ("## `[[instrument]]`", Instrument),
    ("## `[[segment]]`", indicator.Segment),
    ("## `[[segment.indicator]]`", indicator.Indicator),
)
OWN_TABLES = {"half_life", "history", "validation", "diurnal", "scores", "episode", "alert", "instrument", "segment"}
"""Fields of the market that have a heading instead of a row."""


def _id(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """Fenced code blocks of one language."""
    return [body for name, body in BLOCK.findall(page.read_text()) if name == language]


def commands(page: Path) -> Iterator[list[str]]:
    """Words of every line of a page's shell blocks, without comments."""
    for body in blocks(page, "sh"):
        yield from (words for line in body.splitlines() if (words := shlex.split(line, comments=True)))


def said_default(field: FieldInfo) -> str | None:
    """How a default stands in docs/markets.md; None for those that a page says in its own words."""
    if field.is_required():
        return "required"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    if isinstance(field.default, str):
        return f'`"{field.default}"`'
    return f"`{field.default}`" if isinstance(field.default, float) else None


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_links_point_to_files_that_exist(page: Path) -> None:
    targets = [target for target, _ in LINK.findall(page.read_text()) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing, f"{_id(page)} links to {', '.join(missing)}"


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_python_snippets_compile(page: Path) -> None:
    for body in blocks(page, "python"):
        compile(body, _id(page), "exec")


def test_the_readme_has_snippets_of_both_kinds() -> None:
    """So that the tests above and below cannot pass for want of something to look at."""
    assert len(blocks(CHECKOUT / "README.md", "python")) >= 3
    assert sum(words[0].endswith("esi") for words in commands(CHECKOUT / "README.md")) >= 3


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_verbs_and_flags_of_esi_exist(page: Path) -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group has them
    for words in commands(page):
        if words[0].rpartition("/")[2] != "esi":
            continue
        assert words[1] in known, f"{_id(page)}: {' '.join(words)}"
        called = known[words[1]]
        if len(words) > 2 and words[2] in getattr(called, "commands", {}):
            called = called.commands[words[2]]
        flags = {flag for option in called.params for flag in (*option.opts, *option.secondary_opts)}
        assert {word.partition("=")[0] for word in words[2:] if word.startswith("-")} <= flags, " ".join(words)


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(page):
        if words[0] == "make":
            assert words[1] in targets, f"{_id(page)}: {' '.join(words)}"


def test_every_page_of_docs_is_in_its_index() -> None:
    listed = {target for target, _ in LINK.findall((DOCS / "README.md").read_text())}
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= listed


def test_every_decision_record_is_in_the_index_with_its_title() -> None:
    index = (RECORDS / "README.md").read_text()
    for record in RECORDS.glob("[0-9]*.md"):
        title = re.sub(r"^# (\d+\. )?", "", record.read_text().splitlines()[0])
        assert f"| {record.name[:4]} | [{title}]({record.name}) |" in index, record.name


def test_no_two_decision_records_share_a_number() -> None:
    numbers = [record.name[:4] for record in RECORDS.glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(("heading", "model"), TABLES, ids=[model.__name__ for _, model in TABLES])
def test_every_field_of_a_market_file_is_documented_with_its_default(heading: str, model: type[BaseModel]) -> None:
    section = (DOCS / "markets.md").read_text().split(heading, 1)[1].split("\n## ", 1)[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE))
    fields = {name: field for name, field in model.model_fields.items() if name not in OWN_TABLES}
    told = {name: default for name, default in rows.items() if name not in indicator._INPUTS}
    assert set(fields) <= set(told)
    for name, field in fields.items():
        if (default := said_default(field)) is not None:
            assert told[name] == default, name


def test_default_durations_are_documented_as_they_are() -> None:
    text = (DOCS / "markets.md").read_text()
    spans = {name: field.default for name, field in market_parts.HalfLife.model_fields.items()}
    for name, span_us in (spans | {"window": indicator.Indicator.model_fields["window"].default}).items():
        assert f'| `{name}` | `"{span_us // DAY_US}d"` |' in text, name


def test_every_field_function_and_kind_of_alerts_is_documented() -> None:
    text = (DOCS / "alerts.md").read_text()
    rows = set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
    assert {field.written for field in FIELDS} <= rows
    assert set(TAKES) <= rows
    assert all(f"`{name}(x" in text for name in FUNCTIONS)
    named = {one for row in re.findall(r"^kind = \"(\w+)\"", text, re.MULTILINE) for one in [row]}
    assert named == set(KINDS), "a quick start for each receiver"


def test_the_example_of_the_page_is_the_file_and_loads() -> None:
    example = DOCS / "examples" / "desk.toml"
    (shown,) = blocks(DOCS / "markets.md", "toml")
    assert shown == example.read_text()
    assert parse(shown.encode(), "docs/markets.md") == load(str(example))


def _time(span_us: int) -> str:
    """A span as market files write it: `46h`, `8d`."""
    return f"{span_us // DAY_US}d" if span_us % DAY_US == 0 else f"{span_us // 3_600_000_000}h"


def _instrument_row(i: Instrument, floor: float) -> str:
    """How an instrument of `us` stands in the method: name, kind, unit, public, stale, doubted, where from, why."""
    kind = f"{i.kind}, signed" if i.allow_negative and i.kind == "price" else i.kind
    place = "" if i.calendar is None else f" ({i.calendar})"
    public = f"{_time(i.lag)}" if i.lag else f"close{place}"
    public += "" if i.working_days is None else f", {i.working_days} working days"
    covers = "" if i.covers == "day" else f", a {i.covers}"
    stale = "" if i.stale_after is None else _time(i.stale_after)
    source = ", ".join(f"{where} {name}" for where, name in sorted(i.source.items()))
    beyond = max(floor if i.max_move is None else i.max_move, bars._FLOOR_OF_BARS)
    return f"| `{i.name}` | {kind}{covers} | {i.unit} | {public} | {stale} | {beyond:g} | {source} | {i.why} |"


def _indicator_row(segment: str, i: indicator.Indicator) -> str:
    """How an indicator of `us` stands in the method: name, segment, kind and settings, inputs, weight and role, why."""
    given = [_time(getattr(i, name)) for name in ("window", "half_life") if name in i.model_fields_set]
    if i.parameters is not None:
        given.append(f"omega {i.parameters.omega:g}, alpha {i.parameters.alpha:g}, beta {i.parameters.beta:g}")
        given.append(f"fitted on {i.parameters.fitted_from} to {i.parameters.fitted_to}")
    kind = " ".join([f"`{i.kind}`", *(["turned"] if i.sign < 0 else []), *([f"({', '.join(given)})"] if given else [])])
    role = "watched, finals" if i.weight == 0 else f"{i.weight:g}"
    after = "" if i.replaces is None else f"; follows {i.replaces}"
    return f"| {i.name} | {segment} | {kind} | {', '.join(i.of)} | {role}{after} | {i.why} |"


def test_the_method_says_which_version_of_it_is_in_force() -> None:
    assert f"Version of the method: {METHOD_VERSION}\n" in (DOCS / "method.md").read_text()


def test_the_method_names_every_kind_and_every_form() -> None:
    text = (DOCS / "method.md").read_text()
    for name in (*get_args(indicator.IndicatorKind), *get_args(market.Form)):
        assert f"| `{name}`" in text, f"docs/method.md: no row for {name}"


def test_the_method_holds_every_input_and_indicator_of_us_as_the_file_has_them() -> None:
    """What is missing is printed as it should stand."""
    lines = set((DOCS / "method.md").read_text().splitlines())
    us = load("us")
    wanted = [_instrument_row(i, us.validation.floor) for i in us.instrument]
    wanted += [_indicator_row(s.name, i) for s in us.segment for i in s.indicator]
    missing = [row for row in wanted if row not in lines]
    assert not missing, "docs/method.md lacks:\n" + "\n".join(missing)
    indicators = [i for s in us.segment for i in s.indicator]
    assert all(i.weight > 0 or i.at == "final" for i in indicators), "the table says so"
    assert all(i.why for i in (*us.instrument, *indicators)), "each says why it is here"
