"""A receiver's server: HTTPS with a certificate of our own making, and answers of every kind."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Got:
    """One request that came in: path, headers in lower case, body, and when (monotonic seconds)."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float


class Certificates:
    """An authority, and a certificate for `localhost`, `receiver.test` and 127.0.0.1, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.chain = folder / "authority.pem", folder / "server.pem"
        key, name = ec.generate_private_key(ec.SECP256R1()), _name("ESI tests")
        issuer = _certificate(name, name, key, key, authority=True)
        own = ec.generate_private_key(ec.SECP256R1())
        leaf = _certificate(_name("localhost"), name, own, key, authority=False)
        self.authority.write_bytes(issuer.public_bytes(serialization.Encoding.PEM))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.chain.write_bytes(own.private_bytes(*form) + leaf.public_bytes(serialization.Encoding.PEM))

    def context(self) -> ssl.SSLContext:
        """For a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.DNSName("receiver.test")]
    names_and_address = [*names, x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if authority:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName(names_and_address), critical=False)
    return builder.sign(signer, hashes.SHA256())


Answerer = Callable[[int, Got], bytes]
"""From the number of the request (from 0) and the request to the bytes of the answer."""


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status} Word", f"content-length: {len(body)}", "connection: keep-alive"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Endpoint:
    """A server on 127.0.0.1 in a thread of its own; use it with `with`.

    Attributes:
        got: every request so far.
        answerer: what it answers; an empty answer closes the connection, None from it hangs.
        pause_s: before each answer.
    """

    def __init__(self, certificates: Certificates | None) -> None:
        self.got: list[Got] = []
        self.answerer: Answerer = lambda _n, _got: answer(200, b"ok")
        self.pause_s = 0.0
        self._context = certificates.context() if certificates else None
        self._scheme = "https" if certificates else "http"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        """Its address by name."""
        return f"{self._scheme}://localhost:{self.port}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._loop.run_forever()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        self._started.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request, *lines = head.decode().split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                number, got = len(self.got), Got(request.split(" ")[1], headers, body, self._loop.time())
                self.got.append(got)
                await asyncio.sleep(self.pause_s)
                told = self.answerer(number, got)
                if not told:
                    break
                writer.write(told)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
