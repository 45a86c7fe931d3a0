"""Settings of alerts."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from deploy.setting_kinds import Names


class AlertSettings(BaseSettings):
    """Whom alerts may reach, and by which key their secrets are kept."""

    alerts_key: SecretStr | None = Field(
        default=None,
        description="Key of the receivers' secrets (`esi alerts key` prints one); to rotate, the new one first, then "
        "the old, with a comma. `esi up` makes its own.",
    )
    alerts_allow: Names = Field(
        default=(), description="Private networks that receivers may lie in, such as `10.0.0.0/8`, with commas."
    )
    heartbeat_url: SecretStr | None = Field(
        default=None,
        description="Address that `esi alerts` calls every minute while all is well (dead man's switch).",
    )
    page_url: str = Field(default="", description="Address of the page for links in alerts.")
