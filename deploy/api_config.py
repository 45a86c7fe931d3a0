"""What the settings mean to a process of the API."""

from __future__ import annotations

from api.alerting.config import networks
from api.config import ApiConfig
from deploy.plan import api_url
from deploy.provider_settings import provider_of
from deploy.settings import Settings


def api_config(settings: Settings, redis_url: str, keys: tuple[str, ...], *, shared: bool) -> ApiConfig:
    """Settings of one process of the API; `shared`: one of several on one port.

    Raises:
        ApiConfigError: they cannot work together.
    """
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
