"""What the settings mean to a process of the API."""

from __future__ import annotations

from typing import Final

from pydantic import SecretStr

from api.alerting.config import AlertsConfigError, Network, networks
from api.config import ApiConfig, ApiConfigError
from deploy.plan import api_url
from deploy.provider_settings import provider_of
from deploy.setting_origins import variable
from deploy.settings import Settings, SettingsError

_CALLED: Final = {
    "host": "api_host", "port": "api_port", "tls_certificate": "api_tls_certificate", "tls_key": "api_tls_key",
    "max_clients": "api_sockets", "max_per_identity": "api_sockets_of_one", "private_port": "metrics_port",
}  # fmt: skip
"""Settings that the API has another name for, by that name."""


def api_config(settings: Settings, redis_url: str, keys: tuple[str, ...], *, shared: bool) -> ApiConfig:
    """Settings of one process of the API; `shared`: one of several on one port.

    Raises:
        SettingsError: they cannot work together.
    """
    try:
        return _config(settings, redis_url, keys, shared=shared)
    except ApiConfigError as error:
        raise _in_settings(error, settings) from error


def check_api(settings: Settings) -> None:
    """That an API which brings its own PostgreSQL could run with these settings.

    Raises:
        SettingsError: it could not.
    """
    own = settings if settings.postgres_url else settings.with_(postgres_url=SecretStr("postgresql://"))
    api_config(own, "", (), shared=False)


def allowed_networks(settings: Settings) -> tuple[Network, ...]:
    """Private networks that receivers of alerts may lie in.

    Raises:
        SettingsError: one of them is none.
    """
    try:
        return networks(settings.alerts_allow)
    except AlertsConfigError as error:
        raise _in_settings(error, settings) from error


def _in_settings(fault: ApiConfigError, settings: Settings) -> SettingsError:
    """A fault of the API's in the words of whoever set it, with where that was."""
    name = _CALLED.get(fault.field, fault.field)
    called = settings.label(name) if name in Settings.model_fields else fault.field
    remedy = fault.remedy(lambda field: variable(_CALLED.get(field, field)))
    return SettingsError(f"{called} {fault.problem}: {remedy}")


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
        alert_allow=allowed_networks(settings),
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
