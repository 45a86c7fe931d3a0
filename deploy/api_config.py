"""What the settings mean to a process of the API."""

from __future__ import annotations

import re
from typing import Final

from pydantic import SecretStr

from api.alerting.config import networks
from api.config import ApiConfig, ApiConfigError
from deploy.plan import api_url
from deploy.provider_settings import provider_of
from deploy.settings import PREFIX, Settings, SettingsError, origin_of

_CALLED: Final = {
    "host": "api_host", "allowed_hosts": "allowed_hosts", "allowed_origins": "allowed_origins",
    "postgres_url": "postgres_url", "tls_certificate": "api_tls_certificate", "tls_key": "api_tls_key",
}  # fmt: skip
"""Settings by the names that the API has for them."""


def api_config(settings: Settings, redis_url: str, keys: tuple[str, ...], *, shared: bool) -> ApiConfig:
    """Settings of one process of the API; `shared`: one of several on one port.

    Raises:
        SettingsError: they cannot work together.
    """
    try:
        return _config(settings, redis_url, keys, shared=shared)
    except ApiConfigError as error:
        raise SettingsError(_in_settings(str(error))) from error


def check_api(settings: Settings) -> None:
    """That an API which brings its own PostgreSQL could run with these settings.

    Raises:
        SettingsError: it could not.
    """
    own = settings if settings.postgres_url else settings.with_(postgres_url=SecretStr("postgresql://"))
    api_config(own, "", (), shared=False)


def _in_settings(fault: str) -> str:
    """A fault of the API's in the words of whoever set it, with where the first one was set."""
    first, *_ = [name for word in re.findall(r"\w+", fault) if (name := _CALLED.get(word))]
    told = re.sub(rf"\b({'|'.join(_CALLED)})\b", lambda word: PREFIX + _CALLED[word[1]].upper(), fault)
    variable = PREFIX + first.upper()
    return told.replace(variable, f"{variable} ({origin_of(first)})", 1)


def _config(settings: Settings, redis_url: str, keys: tuple[str, ...], *, shared: bool) -> ApiConfig:
    return ApiConfig(
        redis_url=redis_url,
        postgres_url=settings.postgres_url.get_secret_value() if settings.postgres_url else None,
        host=settings.api_host,
        port=settings.api_port,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=settings.allowed_origins,
        shared=shared,
        private_port=settings.metrics_port,
        alert_keys=keys,
        alert_allow=networks(settings.alerts_allow),
        registry=settings.registry_dir,
        local_session=settings.local_session,
        tls_certificate=settings.api_tls_certificate,
        tls_key=settings.api_tls_key,
        behind_tls=settings.api_behind_tls,
        trusted_proxies=settings.trusted_proxies,
        public_metrics=settings.public_metrics,
        quota=settings.api_quota,
        max_clients=settings.api_sockets,
        max_per_identity=settings.api_sockets_of_one,
        provider=provider_of(settings, settings.page_url or api_url(settings)),
    )
