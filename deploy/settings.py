"""Every setting of every process, typed and frozen: flag, then environment, then `.env`, then default.

docs/settings.md is made from this module by `python -m deploy.settings_page`.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from dotenv import dotenv_values
from pydantic import Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from deploy import secret_files
from deploy.alert_settings import AlertSettings
from deploy.limit_settings import LimitSettings
from deploy.model_settings import ModelSettings
from deploy.provider_settings import ProviderSettings
from deploy.setting_kinds import Bootstrap, Folder, Names, Port, allowed
from deploy.setting_origins import ENV_FILE, PREFIX, Origins, label, origin, variable

NOT_OURS: Final = re.compile(
    r"ESI_(DATA|CHROMIUM|REQUIRE_SERVERS|UPDATE_GOLDEN|TEST_.+|BENCH_.+|VALKEY_PASSWORD|TIMESCALE_PASSWORD)"
)
"""Names that look like settings, and are read by the tests, the benchmarks or docker-compose.yml."""


class SettingsError(ValueError):
    """Unusable settings; the message has one line per fault: name, origin, value, what is allowed."""


def checkout() -> Path | None:
    """Root of the checkout this package runs from, or None if it was installed as a wheel."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / "pyproject.toml").is_file() else None


def _default_data_dir() -> Path:
    return (checkout() or Path.cwd()) / ".esi"


class Settings(ModelSettings, ProviderSettings, AlertSettings, LimitSettings):
    """What a process is told; each field's description is its documentation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    data_dir: Folder = Field(
        default_factory=_default_data_dir,
        description="Folder of everything that is kept: embedded servers, recovery stores, logs, the lock.",
        json_schema_extra={"default_text": "`.esi` in the checkout"},
    )
    markets: Names = Field(
        default=("us", "us-open", "sim"),
        min_length=1,
        description="Markets to run: names of shipped ones or paths of market files, with commas.",
    )
    kafka_url: Bootstrap | None = Field(
        default=None,
        pattern=r"^[^\s,:/]+:\d+(,[^\s,:/]+:\d+)*$",
        description="Kafka brokers as `host:port`, several with commas. Without it `esi up` starts its own, "
        "which lives in memory.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis or Valkey, such as `redis://:password@127.0.0.1:6379/0` or "
        "`unix:///path/valkey.sock?db=0`. Without it `esi up` starts its own Valkey.",
    )
    postgres_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL or TimescaleDB, such as `postgresql://esi:password@127.0.0.1:5432/esi`. "
        "Without it `esi up` starts its own PostgreSQL.",
    )
    api_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address that the API listens on. Any but a loopback address opens it to the network.",
    )
    api_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=8137,
        description="Port of the API and the page. If it is taken and was not given, `esi up` takes the next free one.",
    )
    api_processes: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes of the API, which share its port; each holds as many viewers as its limit of open "
        "files allows.",
    )
    allowed_hosts: Names = Field(
        default=(),
        description="Names, beside the loopback ones, by which the API may be called (the Host header), with commas.",
    )
    allowed_origins: Names = Field(
        default=(),
        description="Web origins beside the API's own that may open its WebSocket, such as "
        "`https://desk.example.org`, with commas.",
    )
    api_tls_certificate: Path | None = Field(
        default=None, description="File of the certificate chain (PEM) that the API shows; without it, it speaks HTTP."
    )
    api_tls_key: Path | None = Field(default=None, description="File of its private key (PEM).")
    api_behind_tls: bool = Field(
        default=False, description="Whether a proxy in front of the API speaks TLS: cookies are then for TLS only."
    )
    trusted_proxies: Names = Field(default=(), description="Proxies (networks) whose `X-Forwarded-For` is believed.")
    local_session: bool = Field(
        default=True, description="Whether who sits at this machine may look without a login, if only it is served."
    )
    public_metrics: bool = Field(default=False, description="Whether the API answers `/metrics` to strangers.")
    rate: int = Field(
        default=5_000,
        ge=1,
        le=5_000_000,
        description="Synthetic ticks a second that `esi up` sends for `sim`.",
    )
    seed: int = Field(default=1, ge=0, description="Seed of the synthetic market.")
    keep: int = Field(
        default=10_000,
        ge=1,
        description="Newest entries of a Redis stream that the archiver leaves when it trims.",
    )
    cap: int = Field(
        default=200_000,
        ge=1_000,
        description="Entries at which a Redis stream's oldest are cut, archived or not. Cuts are counted.",
    )
    epoch_ms: int = Field(
        default=250, ge=50, le=10_000, description="How often a flow saves its state, in milliseconds."
    )
    kafka_lane: Literal["fast", "ordinary"] = Field(
        default="fast",
        description="How flows read single JSON ticks: where the Kafka library holds them, or one Python object each. "
        "Where the library cannot be used that way, a flow says so and reads the ordinary way.",
    )
    processes: int = Field(default=1, ge=1, le=4, description="Processes of each flow.")
    metrics_host: str = Field(default="127.0.0.1", min_length=1, description="Address that Prometheus pages listen on.")
    metrics_port: Port = Field(
        default=0,
        description="Port of this process's Prometheus page; 0 takes a free one.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important log lines that are written."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="Log lines as JSON or for eyes; `auto` is for eyes on a terminal only.",
    )
    broker_incarnation: str = Field(
        default="",
        description="Identity of a broker that forgets: another value means that offsets begin anew. "
        "`esi up` sets it for its own broker; leave it empty for real Kafka.",
    )

    _origins: Origins = PrivateAttr(default_factory=Origins)

    @property
    def registry_dir(self) -> Path:
        """Where trained models are."""
        return self.registry or self.data_dir / "registry"

    def environment(self) -> dict[str, str]:
        """These settings as the environment variables that give them to another process, secrets included."""
        return {
            variable(name): _text(value)
            for name in type(self).model_fields
            if (value := getattr(self, name)) not in (None, "", ())
        }

    def label(self, name: str) -> str:
        """A setting as whoever set it calls it, and where that was."""
        return label(name, self._origins.get(name, "default"))

    def with_(self, **changes: Any) -> Self:
        """A copy with some settings changed."""
        return self.model_copy(update=changes)


SECRETS: Final = tuple(name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation))
"""Settings that are shown nowhere, and may stand in files."""


def load(flags: Mapping[str, object] | None = None, env_file: Path | str = ENV_FILE) -> Settings:
    """Settings from flags (fields by name; None is not given), the environment, `.env`, and files that these name.

    Raises:
        SettingsError: unknown names or unusable values.
    """
    given: dict[str, Any] = {name: value for name, value in (flags or {}).items() if value is not None}
    written = {name: value for name, value in dotenv_values(env_file).items() if value}
    faults = _unknown(os.environ, "environment") + _unknown(written, str(env_file))
    held, unread = secret_files.read(SECRETS, PREFIX, {"environment": os.environ, str(env_file): written})
    faults += unread
    try:
        settings = Settings(_env_file=env_file, **(held | given))  # type: ignore[call-arg]  # a keyword of pydantic-settings
    except ValidationError as error:
        faults += [_explain(str(fault["loc"][0]), fault["msg"], given, held, written) for fault in error.errors()]
    if faults:
        raise SettingsError("\n".join(dict.fromkeys(faults)))
    settings._origins = Origins({name: origin(name, given, held, written) for name in settings.model_fields_set})
    return settings


def _unknown(names: Iterable[str], where: str) -> list[str]:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | set(secret_files.variables(SECRETS, PREFIX))
    faults = []
    for name in sorted(set(names) - known):
        if name.upper().startswith(PREFIX) and name.upper() not in known and not NOT_OURS.fullmatch(name):
            near = difflib.get_close_matches(name.upper(), known, n=1)
            remedy = f"did you mean {near[0]}?" if near else "docs/settings.md lists all settings"
            faults.append(f"{name} ({where}) is no setting: {remedy}")
    return faults


def _explain(
    name: str, fault: str, flags: Mapping[str, object], held: Mapping[str, object], written: Mapping[str, object]
) -> str:
    """`ESI_API_PORT (environment) is 'x': ...`; a secret's value stays hidden."""
    field, where = Settings.model_fields[name], origin(name, flags, held, written)
    named = {key.upper(): text for key, text in (*written.items(), *os.environ.items()) if text}
    value = flags.get(name) if where == "flag" else named.get(variable(name))
    shown = "hidden" if name in SECRETS else repr(str(value))
    return f"{label(name, where)} is {shown}: allowed is {allowed(field)} ({fault})"


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(value) if isinstance(value, tuple) else str(value)
