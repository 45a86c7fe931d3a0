"""E-mail by SMTP: plain text and HTML, with the chart as an image."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from io import BufferedReader
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from api.alerting import messages, templates
from api.alerting.messages import Message
from api.alerting.receivers.base import Outcome, ReceiverSettings, Template, clipped

Mailbox = Annotated[str, Field(pattern=r"^[^\s@<>,;:\"\\()\[\]]{1,64}@[A-Za-z0-9.-]{1,255}$")]
"""An address without a name: `duty@example.org`."""

ANSWERS: Final = 65_536
"""Bytes that a mail server may say at most."""

HTML: Final = (
    '<p style="font:600 18px sans-serif">{{ title }}</p>'
    '{% for alert in alerts %}<p style="font:14px sans-serif"><b>{{ alert.rule }}</b> ({{ alert.severity }}) is '
    "{{ alert.state }} in {{ alert.market }}: <code>{{ alert.condition }}</code>"
    "{% if alert.value is not none %}; it is {{ alert.value|number(2) }}{% endif %}.<br>Since {{ alert.began_at }}"
    "{% if alert.ended_at %}, ended {{ alert.ended_at }}{% endif %}."
    "{% if alert.about %}<br>{{ alert.about }}{% endif %}"
    '</p>{% endfor %}{% if chart %}<p><img src="cid:{{ chart }}" alt="The index" width="560"></p>{% endif %}'
    '{% if url %}<p style="font:14px sans-serif"><a href="{{ url }}">The page</a></p>{% endif %}'
)


class Mail(ReceiverSettings):
    """Mailboxes behind one SMTP server. A mail may come twice after a crash; its Message-ID is the same then.

    Attributes:
        host: the server.
        port: 587 for STARTTLS, 465 for TLS from the start.
        tls: `starttls`, `tls`, or `none`, which only servers that ESI_ALERTS_ALLOW names are spoken to with.
        user: the login; empty for none.
        password: of the login.
        sender: the mailbox that it comes from.
        to: the mailboxes that it goes to.
        html: template of the HTML part.
    """

    SECRET: ClassVar[frozenset[str]] = frozenset({"password"})
    SENT_TO: ClassVar[tuple[str, ...]] = ("host", "port", "tls")

    kind: Literal["mail"] = "mail"
    host: str = Field(pattern=r"^[A-Za-z0-9.:-]{1,255}$")
    port: int = Field(default=587, ge=1, le=65_535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = Field(default="", max_length=320)
    password: SecretStr = Field(default=SecretStr(""), max_length=1_000)
    sender: Mailbox
    to: tuple[Mailbox, ...] = Field(min_length=1, max_length=50)
    html: Template = HTML
    per_minute: float = Field(default=20.0, gt=0, le=1_000_000)

    @model_validator(mode="after")
    def _keeps_its_password(self) -> Self:
        if self.user and self.tls == "none":
            raise ValueError("a password is never sent without TLS: use starttls or tls")
        return self

    def written(self, message: Message, now: datetime, chart: bytes | None) -> EmailMessage:
        """The mail: text, HTML, and the chart as a PNG if there is one."""
        title = self.heading(message)
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = clipped(title, 200), self.sender, ", ".join(self.to)
        mail["Date"], mail["Message-ID"] = format_datetime(now), f"<{message.id}@esi.invalid>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["References"] = f"<{message.body.alerts[0].id if message.body.alerts else message.id}@esi.invalid>"
        mail.set_content(self.words(message))
        cid = f"chart-{message.id}@esi.invalid" if chart else ""
        values = messages.values(message.body) | {"title": title, "chart": cid}
        mail.add_alternative(templates.render(self.html, values, html=True), subtype="html")
        if chart:
            _attach(mail, chart, cid)
        return mail


def _attach(mail: EmailMessage, chart: bytes, cid: str) -> None:
    """Puts the chart beside the HTML part that shows it."""
    html = mail.get_payload()[1]  # type: ignore[index]  # of the two alternatives that were just made
    html.add_related(chart, "image", "png", cid=f"<{cid}>", filename="index.png")  # type: ignore[union-attr]  # as above


class _Answers:
    """The lines of a mail server, read to a bound: its answers may have any number of lines."""

    def __init__(self, lines: BufferedReader) -> None:
        self._lines, self._left = lines, ANSWERS

    def readline(self, most: int) -> bytes:
        """The next line."""
        line = self._lines.readline(most)
        self._left -= len(line)
        if self._left < 0:
            msg = f"its answers have more than {ANSWERS} bytes"
            raise smtplib.SMTPServerDisconnected(msg)
        return line

    def close(self) -> None:
        """Nothing more is read."""
        self._lines.close()


class _Pinned(smtplib.SMTP):
    """SMTP to an address that was judged, under the name that certificates are checked for, until it is given up."""

    sock: socket.socket | None

    def __init__(
        self, address: str, name: str, timeout: float, wrap: ssl.SSLContext | None, given_up: threading.Event
    ) -> None:
        super().__init__(timeout=timeout)
        self._host, self._address, self._wrap, self._given_up = name, address, wrap, given_up

    def greet(self, port: int) -> None:
        """Connects and hears the greeting."""
        code, said = self.connect(self._host, port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)
        self.ehlo()

    def getreply(self) -> tuple[int, bytes]:
        """The next answer."""
        if self._given_up.is_set():
            raise smtplib.SMTPServerDisconnected("it took too long")
        if self.file is None and self.sock is not None:
            self.file = _Answers(self.sock.makefile("rb"))
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        return plain if self._wrap is None else self._wrap.wrap_socket(plain, server_hostname=host)


class Post:
    """One delivery to a mail server; `abort` ends it from another thread."""

    def __init__(self, settings: Mail, address: str, context: ssl.SSLContext, timeout: float) -> None:
        self._settings, self._address, self._context, self._timeout = settings, address, context, timeout
        self._given_up = threading.Event()
        self._server: _Pinned | None = None

    def abort(self) -> None:
        """Closes the connection, whatever it is waiting for, the greeting too."""
        self._given_up.set()
        if self._server is not None and (held := self._server.sock) is not None:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def deliver(self, mail: EmailMessage) -> Outcome:
        """Hands the mail over; blocks."""
        try:
            return self._handed_over(mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            return _refused(min(codes, default=550), f"every recipient was refused: {error.recipients}")
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, _said(error.smtp_error))
        except smtplib.SMTPNotSupportedError as error:
            return Outcome("never", f"the server does not support it: {error}")
        except (OSError, smtplib.SMTPException) as error:
            return Outcome("again", f"{type(error).__name__}: {error}"[:300])

    def _handed_over(self, mail: EmailMessage) -> Outcome:
        s = self._settings
        wrap = self._context if s.tls == "tls" else None
        self._server = _Pinned(self._address, s.host, self._timeout, wrap, self._given_up)
        with self._server as server:
            server.greet(s.port)
            if s.tls == "starttls":
                server.starttls(context=self._context)
                server.ehlo()
            if s.user:
                server.login(s.user, s.password.get_secret_value())
            refused = server.send_message(mail)
        told = f"250 accepted; refused for {', '.join(refused)}" if refused else "250 accepted"
        return Outcome("sent", status=250, response=told)


def _refused(code: int, said: str) -> Outcome:
    """4xx may pass, 5xx will not (RFC 5321, section 4.2.1)."""
    fault = clipped(f"SMTP {code}: {said}", 300)
    return Outcome("never" if code >= 500 else "again", fault, status=code, response=said[:2_000])


def _said(raw: bytes | str) -> str:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else raw
