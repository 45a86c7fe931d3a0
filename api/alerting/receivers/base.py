"""What all receivers have in common: their settings, the calls that they make, and what an answer means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_validator

from api.alerting import messages, templates
from api.alerting.messages import Message
from api.alerting.retry import retry_after
from schemas.alert_rule import Severity
from schemas.market_words import Slug, Strict

Verdict = Literal["sent", "again", "never"]

_TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. `shown` is its address without secrets, for the log."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    shown: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, the headers in lower case, and the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to: `sent`, try `again` (not before `wait_s`), or `never`; and the fault in words."""

    verdict: Verdict
    fault: str = ""
    wait_s: float | None = None
    status: int | None = None
    request: str = ""
    response: str = ""


def _template(text: str) -> str:
    templates.compiled(text)
    return text


Template = Annotated[str, Field(min_length=1, max_length=templates.MAX_TEMPLATE), AfterValidator(_template)]


class ReceiverSettings(Strict):
    """What every receiver is told.

    Attributes:
        kind: the sort of receiver.
        markets: whose alerts it takes; all if it names none.
        severity: the least urgent that it takes.
        title: template of the headline.
        text: template of the text.
        per_minute: messages a minute at most; the others wait.
        gather_s: for how long after a message of a group the next ones of that group are gathered into one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    SECRET: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields that are secrets."""

    SENT_TO: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that say where its secrets are sent; where they change, the secrets are asked for again."""

    kind: str
    markets: tuple[Slug, ...] = ()
    severity: Severity = "info"
    title: Template = messages.TITLE
    text: Template = messages.TEXT
    per_minute: float = Field(default=60.0, gt=0, le=1_000_000)
    gather_s: float = Field(default=0.0, ge=0, le=86_400)

    @field_validator("*", mode="before")
    @classmethod
    def _no_control_characters(cls, value: Any) -> Any:
        if isinstance(value, str) and any(ord(c) < 32 and c not in "\n\t" for c in value):
            raise ValueError("control characters say nothing here")
        return value

    def public(self) -> dict[str, Any]:
        """The settings that may be shown, as JSON takes them."""
        return self.model_dump(mode="json", exclude=set(self.SECRET))

    def secrets(self) -> dict[str, Any]:
        """The secrets in the clear, for the vault."""
        return {name: _revealed(getattr(self, name)) for name in sorted(self.SECRET)}

    def heading(self, message: Message) -> str:
        """The headline of a message on one line."""
        return " ".join(templates.render(self.title, messages.values(message.body)).split())

    def words(self, message: Message) -> str:
        """The text of a message."""
        return templates.render(self.text, messages.values(message.body)).strip()


def _revealed(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return [_revealed(item) for item in value] if isinstance(value, tuple) else value


class HttpReceiver(ReceiverSettings):
    """A receiver that is reached by HTTP."""

    SENT_TO: ClassVar[tuple[str, ...]] = ("url",)

    def calls(self, message: Message, now: datetime) -> list[Call]:
        """The requests that tell a message, in order."""
        raise NotImplementedError

    def judge(self, answer: Answer) -> Outcome:
        """What an answer means: 2xx is success, what may pass is tried again, anything else never."""
        return judged(answer)


def judged(answer: Answer) -> Outcome:
    """What an answer means by its status alone."""
    shown = answer.body[:2_000].decode(errors="replace")
    if 200 <= answer.status < 300:
        return Outcome("sent", status=answer.status, response=shown)
    wait = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
    if answer.status in _TRANSIENT:
        return Outcome("again", f"HTTP {answer.status}", wait, answer.status, response=shown)
    fault = f"HTTP {answer.status}"
    if 300 <= answer.status < 400:
        fault += ": redirects are not followed; give the address that it points to"
    return Outcome("never", fault, None, answer.status, response=shown)


def clipped(text: str, most: int) -> str:
    """A text of at most so many characters; the end says that something was left out."""
    return text if len(text) <= most else text[: most - 1] + "…"
