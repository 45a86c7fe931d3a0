"""One attempt at a real server that answers well, badly, late, elsewhere, or nonsense."""

from __future__ import annotations

import asyncio
import gzip
import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from api.alerting.config import AlertsConfig, networks
from api.alerting.receivers import receiver_of
from api.alerting.receivers.base import Outcome
from api.alerting.receivers.webhook import Webhook
from api.alerting.sender import MOST, POSTS, Sender
from tests import servers
from tests.api.alerting.conftest import LOOPBACK, WHSEC
from tests.api.alerting.endpoint import Certificates, Endpoint, answer
from tests.api.alerting.receivers.made import message


async def no_picture(_market: str) -> bytes | None:
    return None


async def sent(receiver: Any, ca_file: Path | None, **settings: Any) -> Outcome:
    config = AlertsConfig("", "", **({"ca_file": ca_file, "allow": LOOPBACK, "timeout_s": 1.0} | settings))
    async with Sender(config, no_picture) as sender:
        return await sender.send(receiver, message())


def webhook(url: str) -> Webhook:
    return Webhook(url=url, keys=(SecretStr(WHSEC),))


@pytest.mark.parametrize(
    ("told", "verdict", "fault"),
    [
        (answer(200, b"thanks"), "sent", ""),
        (answer(204), "sent", ""),
        (answer(400, b"bad"), "never", "HTTP 400"),
        (answer(429, retry_after="3"), "again", "HTTP 429"),
        (answer(500, b"<html>"), "again", "HTTP 500"),
        (answer(302, location="https://example.org/"), "never", "redirects are not followed"),
        (answer(307, location="http://127.0.0.1:1/latest/meta-data"), "never", "redirects are not followed"),
        (b"", "again", "ServerDisconnected"),
        (b"garbage\r\n\r\n", "again", "Bad"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", "sent", ""),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", "again", ""),
    ],
)
async def test_what_a_server_answers(
    endpoint: Endpoint, certificates: Certificates, told: bytes, verdict: str, fault: str
) -> None:
    endpoint.answerer = lambda _n, _got: told if endpoint.got[1:] == [] else b""
    outcome = await sent(webhook(f"{endpoint.url}/hook"), certificates.authority)
    assert outcome.verdict == verdict, outcome
    assert fault in outcome.fault
    assert len(endpoint.got) == 1, "nothing is followed, and nothing is tried twice"
    assert endpoint.got[0].headers["webhook-id"] == "msg_esi0001"


async def test_what_it_asks_for_is_heard(endpoint: Endpoint, certificates: Certificates) -> None:
    endpoint.answerer = lambda _n, _got: answer(503, retry_after="17")
    assert (await sent(webhook(endpoint.url), certificates.authority)).wait_s == 17.0


async def test_a_large_or_packed_answer_is_read_to_a_bound(endpoint: Endpoint, certificates: Certificates) -> None:
    endpoint.answerer = lambda _n, _got: answer(200, b"x" * 10_000_000)
    outcome = await sent(webhook(endpoint.url), certificates.authority, timeout_s=10.0)
    assert outcome.verdict == "sent"
    assert len(outcome.response) <= 2_000 < MOST
    bomb = gzip.compress(b"\0" * 50_000_000)
    endpoint.answerer = lambda _n, _got: answer(200, bomb, content_encoding="gzip")
    assert len((await sent(webhook(endpoint.url), certificates.authority)).response) <= 2_000


async def test_a_server_that_hangs_is_left_in_time(endpoint: Endpoint, certificates: Certificates) -> None:
    endpoint.pause_s = 5.0
    outcome = await sent(webhook(endpoint.url), certificates.authority, timeout_s=0.3)
    assert outcome == Outcome("again", "no answer within 0.3 s")


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(endpoint: Endpoint) -> None:
    outcome = await sent(webhook(endpoint.url), None)
    assert outcome.verdict == "again"
    assert "its certificate is not trusted" in outcome.fault
    assert endpoint.got == []


async def test_the_name_is_checked_although_the_address_is_pinned(
    endpoint: Endpoint, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is for localhost and receiver.test: the name decides, not the address."""
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", endpoint.port))]

    async def getaddrinfo(*_: Any, **__: Any) -> Any:
        return here

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo, raising=False)
    good = await sent(webhook(f"https://receiver.test:{endpoint.port}/"), certificates.authority)
    assert good.verdict == "sent"
    bad = await sent(webhook(f"https://stranger.test:{endpoint.port}/"), certificates.authority)
    assert bad.verdict == "again"
    assert endpoint.got[0].headers["host"] == f"receiver.test:{endpoint.port}"
    assert len(endpoint.got) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "127.1", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_the_private_network_is_not_called_in_any_spelling(
    endpoint: Endpoint, certificates: Certificates, host: str
) -> None:
    outcome = await sent(webhook(f"https://{host}:{endpoint.port}/"), certificates.authority, allow=())
    assert outcome.verdict == "never"
    assert "address" in outcome.fault
    assert endpoint.got == []


async def test_a_name_that_answers_otherwise_the_second_time_gains_nothing(
    endpoint: Endpoint, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the first answer is public (and nobody is there), the second would be us."""
    answers = ["192.0.2.1", "127.0.0.1", "127.0.0.1"]

    async def getaddrinfo(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), endpoint.port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo, raising=False)
    allow = networks(["192.0.2.0/24"])
    target = webhook(f"https://receiver.test:{endpoint.port}/")
    first = await sent(target, certificates.authority, allow=allow, timeout_s=0.3)
    assert first.verdict == "again"
    second = await sent(target, certificates.authority, allow=allow, timeout_s=0.3)
    assert (second.verdict, "127.0.0.1 is no public address" in second.fault) == ("never", True)
    assert endpoint.got == []


async def test_plain_http_only_to_what_is_allowed(certificates: Certificates) -> None:
    with Endpoint(None) as plain:
        allowed = await sent(webhook(f"http://127.0.0.1:{plain.port}/"), certificates.authority)
        refused = await sent(webhook(f"http://127.0.0.1:{plain.port}/"), certificates.authority, allow=())
        assert len(plain.got) == 1
    assert (allowed.verdict, refused.verdict) == ("sent", "never")
    public = await sent(webhook("http://93.184.216.34/"), certificates.authority)
    assert "without TLS" in public.fault


async def test_nobody_there_and_nothing_resolved(certificates: Certificates) -> None:
    gone = await sent(webhook(f"https://localhost:{servers.free_port()}/"), certificates.authority)
    assert gone.verdict == "again"
    unknown = await sent(webhook("https://nowhere.invalid/"), certificates.authority)
    assert unknown.verdict == "again"


async def test_several_calls_end_with_the_first_that_fails(endpoint: Endpoint, certificates: Certificates) -> None:
    pager = receiver_of({"kind": "pagerduty", "routing_key": "0" * 32, "url": f"{endpoint.url}/v2/enqueue"})
    endpoint.answerer = lambda n, _got: answer(202) if n == 0 else answer(429)
    config = AlertsConfig("", "", ca_file=certificates.authority, allow=LOOPBACK)
    async with Sender(config, no_picture) as sender:
        from tests.api.alerting.receivers.made import alert

        outcome = await sender.send(pager, message(alert(), alert(id="a2"), alert(id="a3")))
    assert outcome.verdict == "again"
    assert len(endpoint.got) == 2
    assert outcome.request.startswith("POST https://localhost")


class Talker:
    """A mail server that says one thing again and again, until its peer is gone."""

    def __init__(self, first: bytes, then: bytes, pause_s: float) -> None:
        self.first, self.then, self.pause_s, self.left = first, then, pause_s, 0

    async def talk(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talks to one peer."""
        writer.write(self.first)
        try:
            while True:
                writer.write(self.then)
                await writer.drain()
                await asyncio.sleep(self.pause_s)
        except OSError:
            self.left += 1
        finally:
            writer.close()


@pytest.mark.parametrize(
    ("talker", "fault"),
    [
        (Talker(b"220-", b"a", 0.05), "no answer within 0.2 s"),
        (Talker(b"220 here\r\n", b"250-" + b"x" * 500 + b"\r\n", 0), "more than 65536 bytes"),
    ],
)
async def test_a_mail_server_that_never_ends_holds_nothing(
    certificates: Certificates, talker: Talker, fault: str
) -> None:
    """A thread that it kept would be missing to all mails, also those to other servers."""
    port, count = servers.free_port(), POSTS + 1
    settings = {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "a@b.example", "to": ["c@d.example"]}
    mail = receiver_of({"kind": "mail", **settings})
    config = AlertsConfig("", "", ca_file=certificates.authority, allow=LOOPBACK, timeout_s=0.2)
    async with await asyncio.start_server(talker.talk, "127.0.0.1", port), Sender(config, no_picture) as sender:
        outcomes = [await sender.send(mail, message()) for _ in range(count)]
        assert all(one.verdict == "again" and fault in one.fault for one in outcomes), outcomes
        async with asyncio.timeout(10):
            while talker.left < count:
                await asyncio.sleep(0.02)


async def test_a_template_that_fails_is_a_dead_letter_and_says_so(certificates: Certificates) -> None:
    slack = receiver_of({"kind": "slack", "url": "https://localhost/", "text": "{{ alerts / 2 }}"})
    outcome = await sent(slack, certificates.authority)
    assert outcome.verdict == "never"
    assert outcome.fault.startswith("template: the template fails")


async def test_a_mail_server_in_the_private_network_is_not_called(certificates: Certificates) -> None:
    mail = receiver_of({"kind": "mail", "host": "localhost", "sender": "a@b.example", "to": ["c@d.example"]})
    outcome = await sent(mail, certificates.authority, allow=())
    assert (outcome.verdict, "no public address" in outcome.fault) == ("never", True)
