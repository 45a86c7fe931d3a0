"""What `esi alerts VERB` does: short visits to the database, answers as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from secrets import token_hex
from typing import Any

import psycopg
from psycopg.rows import dict_row
from pydantic import ValidationError

from api.alerting import history, ledger, messages, notify, outbox, registry, rulebook
from api.alerting.desk import usable
from api.alerting.evaluator import connected
from api.alerting.guard import Guard, RefusedError
from api.alerting.ledger import row_of
from api.alerting.messages import Message, spelled
from api.alerting.receivers import UnknownKindError, check_addresses, receiver_of
from api.alerting.rest.trials import MOST, summary, tried
from api.alerting.vault import Vault, VaultError
from models.alerts.backtest import Trial
from models.alerts.kinds import Checked, checked
from models.alerts.nodes import RuleError
from schemas.alert_fields import Vocabulary
from schemas.alert_rule import AlertRule

Rows = list[dict[str, Any]]


class ConsoleError(ValueError):
    """Something that whoever typed the command can put right; the message says what."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A silence that is asked for."""

    author: str
    reason: str
    lasting_us: int
    market: str | None = None
    rule: str | None = None
    severity: str | None = None
    segment: str | None = None


def fitting(rule: AlertRule, names: Vocabulary) -> Checked:
    """A rule that fits its market.

    Raises:
        ConsoleError: it does not; the message shows the place.
    """
    try:
        return checked(rule, names)
    except RuleError as error:
        raise ConsoleError(str(error)) from error


async def backtest(url: str, market: str, rule: AlertRule, names: Vocabulary, *, finals: bool = True) -> dict[str, Any]:
    """What a rule would have said over the archived history of a market.

    Raises:
        ConsoleError: the rule does not fit.
    """
    found = fitting(rule, names)
    trial, cut = Trial(rule, found), False
    pages = history.pages(partial(connected, url), market, 0, 2**62, finals=finals, details=trial.wants_details)
    try:
        async for page in pages:
            trial.feed(page)
            if cut := trial.result().readings >= MOST:
                break
    except psycopg.errors.UndefinedTable as error:
        raise _unprepared() from error
    answer = tried(market, found, trial.result(), cut=cut)
    return {**{name: getattr(answer, name) for name in answer.__struct_fields__}, "summary": summary(trial.result()),
            "episodes": [asdict(one) for one in trial.result().episodes]}  # fmt: skip


async def rules(url: str, market: str | None) -> Rows:
    """The rules that are stored."""
    async with connected(url) as connection:
        found = await _asked(rulebook.rules(connection, market))
    return [
        {"market": r.market, "name": r.name, "version": r.version, "origin": r.origin, "severity": r.rule.severity,
         "enabled": r.rule.enabled, "rule": r.rule.model_dump(mode="json", exclude_defaults=True)}
        for r in found
    ]  # fmt: skip


async def add_rule(url: str, market: str, rule: AlertRule, names: Vocabulary, author: str) -> str:
    """Stores a rule; gives its id.

    Raises:
        ConsoleError: the rule does not fit, or its name is taken.
    """
    fitting(rule, names)
    async with connected(url) as connection, connection.transaction():
        try:
            made = await _asked(rulebook.add(connection, market, rule, author))
        except rulebook.TwinError as error:
            raise ConsoleError(str(error)) from error
        if fault := usable(await rulebook.rules(connection, market), names)[1].get(made.name):
            raise ConsoleError(fault)
    return str(made.id)


async def standing(url: str, market: str | None, *, everything: bool) -> Rows:
    """Alerts that stand, or with `everything` the newest hundred, the newest first."""
    query = (
        "SELECT * FROM alerts WHERE (%(market)s::text IS NULL OR market = %(market)s) "
        "AND (%(all)s OR state = 'alerting') ORDER BY began_at DESC, id DESC LIMIT 100"
    )
    async with connected(url) as connection, connection.cursor(row_factory=dict_row) as cursor:
        try:
            await cursor.execute(query, {"market": market, "all": everything})
        except psycopg.errors.UndefinedTable as error:
            raise _unprepared() from error
        found = [row_of(row) for row in await cursor.fetchall()]
    return [
        {"id": r.alert.id, "market": r.alert.market, "rule": r.alert.rule, "severity": r.alert.severity,
         "state": r.alert.state, "began_at": r.alert.began_at, "value": r.alert.value, "unsent": r.unsent}
        for r in found
    ]  # fmt: skip


async def acknowledge(url: str, identity: str, author: str, said: str) -> None:
    """Says that somebody takes care of an alert.

    Raises:
        ConsoleError: no alert of that id stands.
    """
    now = datetime.now(UTC)
    async with connected(url) as connection, connection.transaction():
        row = await _asked(ledger.acknowledge(connection, identity, author, said, now))
        if row is None:
            msg = f"no alert {identity!r} stands: `esi alerts list` shows those that do"
            raise ConsoleError(msg)
        if row.unsent is None:
            await notify.tell(connection, [row], "alerts", now, "", only="pagerduty")


async def silence(url: str, quiet: Quiet) -> str:
    """Keeps alerts from being sent for a while; gives when it ends."""
    now = datetime.now(UTC)
    end = now + timedelta(microseconds=quiet.lasting_us)
    async with connected(url) as connection:
        await _asked(
            connection.execute(
                "INSERT INTO alert_silences (author, reason, market, rule, severity, segment, begins_at, ends_at) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                (quiet.author, quiet.reason, quiet.market, quiet.rule, quiet.severity, quiet.segment, now, end),
            )
        )
    return spelled(end)


async def receivers(url: str) -> Rows:
    """The receivers, without their secrets."""
    async with connected(url) as connection:
        found = await _asked(registry.receivers(connection))
    return [
        {"name": r.name, "kind": r.kind, "enabled": r.enabled, "failures": r.failures, "resting": r.resting,
         "settings": r.settings}
        for r in found
    ]  # fmt: skip


async def save_receiver(url: str, name: str, settings: Mapping[str, Any], vault: Vault, guard: Guard) -> None:
    """Stores a receiver.

    Raises:
        ConsoleError: its settings cannot be used; the message shows no secret.
    """
    try:
        made = receiver_of(dict(settings))
        check_addresses(guard, made)
        sealed = vault.seal({key: value for key, value in made.secrets().items() if value})
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise ConsoleError("; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults)) from error
    except (UnknownKindError, VaultError, RefusedError) as error:
        raise ConsoleError(str(error)) from error
    async with connected(url) as connection:
        await _asked(registry.save(connection, name, made, sealed, True))


async def test_receiver(url: str, name: str) -> str:
    """Sends a test; gives the id of its message.

    Raises:
        ConsoleError: there is no such receiver.
    """
    now = datetime.now(UTC)
    message = Message(f"msg_{token_hex(12)}", messages.trial("test", now))
    async with connected(url) as connection:
        stored = await _asked(registry.receiver(connection, name))
        if stored is None:
            msg = f"there is no receiver {name!r}: `esi alerts receivers` lists them"
            raise ConsoleError(msg)
        await outbox.enqueue(connection, stored.id, message, now)
    return message.id


async def outcome(url: str, identity: str) -> dict[str, Any] | None:
    """The last attempt to deliver a message, or None before the first."""
    async with connected(url) as connection:
        cursor = await connection.execute(
            "SELECT outcome, status, fault, latency_ms FROM alert_deliveries WHERE outbox_id = %s "
            "ORDER BY number DESC LIMIT 1",
            (identity,),
        )
        row = await cursor.fetchone()
    return None if row is None else dict(zip(("outcome", "status", "fault", "latency_ms"), row, strict=True))


async def redeliver(url: str, ids: Sequence[str], receiver: str | None) -> int:
    """Makes dead letters wait again; gives how many."""
    async with connected(url) as connection:
        return int(await _asked(outbox.redeliver(connection, ids, receiver)))


async def _asked(question: Any) -> Any:
    """An answer of the database.

    Raises:
        ConsoleError: it has no tables for alerts yet.
    """
    try:
        return await question
    except psycopg.errors.UndefinedTable as error:
        raise _unprepared() from error


def _unprepared() -> ConsoleError:
    return ConsoleError("the tables of the alerts are not there yet: start `esi up` or `esi alerts` once")
