"""Takes secrets out of what servers say: some repeat what they were sent, and the delivery log shows their answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from api.alerting.receivers import AnyReceiver
from api.alerting.receivers.base import Outcome

HIDDEN: Final = "[secret]"
SHORTEST: Final = 4
"""Letters of a secret that is looked for; a shorter one would be found in every other word."""

_LOGIN: Final = re.compile(r"\b(basic|bearer)(\s+)[\w.~+/=-]{8,}", re.IGNORECASE)


def veiled(outcome: Outcome, receiver: AnyReceiver) -> Outcome:
    """An outcome whose texts hold none of the receiver's secrets, nor a login as HTTP sends it."""
    secrets = sorted(_spellings(list(receiver.secrets().values())), key=len, reverse=True)
    fault, request, response = (_without(text, secrets) for text in (outcome.fault, outcome.request, outcome.response))
    return replace(outcome, fault=fault, request=request, response=response)


def _spellings(values: list[Any]) -> Iterator[str]:
    """Every secret, and of secret addresses the part that a server sees."""
    for value in values:
        if isinstance(value, list):
            yield from _spellings(value)
            continue
        parts = urlsplit(value) if "://" in value else None
        found = [value] if parts is None else [value, parts.path, parts.query]
        yield from (one for one in found if len(one) >= SHORTEST)


def _without(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _LOGIN.sub(rf"\1\2{HIDDEN}", text)
