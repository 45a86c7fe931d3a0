"""Mails, handed over to a real SMTP server."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import ValidationError

from api.alerting.chart import png
from api.alerting.receivers import receiver_of
from api.alerting.receivers.mail import Mail, Post
from tests import servers
from tests.api.alerting.endpoint import Certificates
from tests.api.alerting.receivers.made import NOW, message

BASE: dict[str, Any] = {
    "kind": "mail", "host": "localhost", "sender": "esi@example.org", "to": ["duty@example.org", "desk@example.org"],
}  # fmt: skip


class Mailbox:
    """What an SMTP server does with mails: keeps them, or says no."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.data_answer = "250 OK"
        self.rcpt_answers: dict[str, str] = {}
        self.pause_s = 0.0

    async def handle_RCPT(self, _s: SMTP, _session: Session, envelope: Envelope, address: str, _o: list[str]) -> str:
        """Takes a recipient, or not."""
        told = self.rcpt_answers.get(address, "250 OK")
        if told.startswith("250"):
            envelope.rcpt_tos.append(address)
        return told

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keeps a mail, or not."""
        await asyncio.sleep(self.pause_s)
        if self.data_answer.startswith("250"):
            raw = envelope.content
            assert isinstance(raw, bytes)
            self.mails.append(email.message_from_bytes(raw, policy=email.policy.default))  # type: ignore[arg-type]
            self.envelopes.append(envelope)
        return self.data_answer


def _check(_server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"esi", b"s3cret")
    return AuthResult(success=good, handled=False)


@pytest.fixture(params=["starttls", "tls", "none"])
def tls(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox, certificates: Certificates, tls: str) -> Iterator[Controller]:
    context = certificates.context()
    options: dict[str, Any] = {"hostname": "127.0.0.1", "port": servers.free_port()}
    if tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True, "authenticator": _check, "auth_required": True}
    elif tls == "tls":
        options |= {"ssl_context": context}
    controller = Controller(mailbox, **options)
    controller.start()
    yield controller
    controller.stop()


def mail(server: Controller, tls: str, **more: Any) -> Mail:
    login = {"user": "esi", "password": "s3cret"} if tls == "starttls" else {}  # pragma: allowlist secret
    made = receiver_of(BASE | {"port": server.port, "tls": tls} | login | more)
    assert isinstance(made, Mail)
    return made


def deliver(made: Mail, certificates: Certificates, chart: bytes | None = None, timeout: float = 5.0) -> Any:
    context = ssl.create_default_context(cafile=certificates.authority)
    return Post(made, "127.0.0.1", context, timeout).deliver(made.written(message(), NOW, chart))


def test_a_mail_arrives_as_text_html_and_picture(
    mailbox: Mailbox, server: Controller, certificates: Certificates, tls: str
) -> None:
    chart = png([1.0, 2.0, 3.0], "a", "b")
    assert chart is not None
    outcome = deliver(mail(server, tls), certificates, chart)
    assert (outcome.verdict, outcome.status) == ("sent", 250)
    (found,) = mailbox.mails
    assert found["Subject"] == "CRITICAL us: High <stress>"
    assert found["Message-ID"] == "<msg_esi0001@esi.invalid>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert mailbox.envelopes[0].rcpt_tos == BASE["to"]
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "High <stress> (critical) is alerting in us" in plain.get_content()
    assert "<b>High &lt;stress&gt;</b>" in html.get_content()
    (picture,) = [part for part in found.walk() if part.get_content_type() == "image/png"]
    assert picture.get_payload(decode=True) == chart
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html.get_content()


@pytest.mark.parametrize("tls", ["none"])
@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("451 later", "again"), ("452 full", "again"), ("552 too big", "never"), ("554 no", "never")],
)
def test_what_the_server_says_of_the_mail(
    mailbox: Mailbox, server: Controller, certificates: Certificates, tls: str, answer: str, verdict: str
) -> None:
    mailbox.data_answer = answer
    outcome = deliver(mail(server, tls), certificates)
    assert (outcome.verdict, outcome.status) == (verdict, int(answer[:3]))
    assert answer[4:] in outcome.fault


@pytest.mark.parametrize("tls", ["none"])
def test_recipients_that_are_refused(
    mailbox: Mailbox, server: Controller, certificates: Certificates, tls: str
) -> None:
    mailbox.rcpt_answers = {"desk@example.org": "550 no such user"}
    outcome = deliver(mail(server, tls), certificates)
    assert outcome.verdict == "sent"
    assert outcome.response == "250 accepted; refused for desk@example.org"
    mailbox.rcpt_answers["duty@example.org"] = "450 greylisted"
    assert deliver(mail(server, tls), certificates).verdict == "again"
    mailbox.rcpt_answers["duty@example.org"] = "551 gone"
    assert deliver(mail(server, tls), certificates).verdict == "never"


@pytest.mark.parametrize("tls", ["starttls"])
def test_a_wrong_password_is_told_and_not_shown(server: Controller, certificates: Certificates, tls: str) -> None:
    outcome = deliver(mail(server, tls, password="hunter2"), certificates)
    assert (outcome.verdict, outcome.status) == ("never", 535)
    assert "hunter2" not in str(outcome)


@pytest.mark.parametrize("tls", ["tls"])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(server: Controller, tls: str) -> None:
    made = mail(server, tls)
    outcome = Post(made, "127.0.0.1", ssl.create_default_context(), 5.0).deliver(made.written(message(), NOW, None))
    assert outcome.verdict == "again"
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.fault


@pytest.mark.parametrize("tls", ["none"])
def test_a_server_without_starttls_is_not_told_in_the_clear(
    mailbox: Mailbox, server: Controller, certificates: Certificates, tls: str
) -> None:
    outcome = deliver(mail(server, "starttls"), certificates)
    assert outcome.verdict == "never"
    assert "STARTTLS" in outcome.fault
    assert mailbox.mails == []


@pytest.mark.parametrize("tls", ["none"])
def test_a_server_that_hangs_is_left(
    mailbox: Mailbox, server: Controller, certificates: Certificates, tls: str
) -> None:
    mailbox.pause_s = 3.0
    assert deliver(mail(server, tls), certificates, timeout=0.3).verdict == "again"


def test_nobody_there(certificates: Certificates) -> None:
    made = receiver_of(BASE | {"port": servers.free_port()})
    assert isinstance(made, Mail)
    assert deliver(made, certificates).verdict == "again"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"user": "esi", "password": "x", "tls": "none"}, "never sent without TLS"),
        ({"to": ["Duty <duty@example.org>"]}, "should match pattern"),
        ({"to": ["a@b\nBcc: c@d"]}, "should match pattern|control"),
        ({"host": "smtp.example.org/x"}, "should match pattern"),
        ({"to": []}, "at least 1"),
    ],
)
def test_what_cannot_be_is_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        receiver_of(BASE | settings)
