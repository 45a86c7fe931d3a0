"""Receivers: one module for each kind."""

from __future__ import annotations

from typing import Any, Final, cast

from api.alerting.guard import Guard
from api.alerting.receivers.alertmanager import Alertmanager
from api.alerting.receivers.base import ReceiverSettings
from api.alerting.receivers.mail import Mail
from api.alerting.receivers.pagerduty import PagerDuty
from api.alerting.receivers.slack import Slack
from api.alerting.receivers.sms import Sms
from api.alerting.receivers.teams import Teams
from api.alerting.receivers.webhook import Webhook

AnyReceiver = Webhook | Slack | Mail | Sms | PagerDuty | Teams | Alertmanager

KINDS: Final[dict[str, type[ReceiverSettings]]] = {
    "webhook": Webhook,
    "slack": Slack,
    "mail": Mail,
    "sms": Sms,
    "pagerduty": PagerDuty,
    "teams": Teams,
    "alertmanager": Alertmanager,
}


class UnknownKindError(ValueError):
    """There is no such kind of receiver; the message says which there are."""


def receiver_of(settings: dict[str, Any]) -> AnyReceiver:
    """A receiver from its settings, secrets included.

    Raises:
        UnknownKindError: there is no such kind.
        pydantic.ValidationError: they do not fit; its text does not show secrets.
    """
    kind = settings.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        msg = f"there is no receiver of kind {str(kind)[:40]!r}; there are {', '.join(KINDS)}"
        raise UnknownKindError(msg)
    return cast("AnyReceiver", KINDS[kind].model_validate(settings))


def check_addresses(guard: Guard, made: AnyReceiver) -> None:
    """Refuses at once what would be refused at every delivery.

    Raises:
        RefusedError: the address may not be called.
    """
    if isinstance(made, Mail):
        guard.check_host(made.host, plain=made.tls == "none")
    else:
        guard.check_url(made.url if isinstance(made.url, str) else made.url.get_secret_value())
