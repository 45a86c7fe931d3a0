"""Secrets from files: `ESI_REDIS_URL_FILE` names a file that holds what `ESI_REDIS_URL` would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

SUFFIX: Final = "_FILE"

LONGEST: Final = 65_536
"""Bytes of a secret; a longer file was named by mistake."""


def variables(secrets: Iterable[str], prefix: str) -> dict[str, str]:
    """Names of the variables that name files, with the fields that these hold."""
    return {f"{prefix}{name.upper()}{SUFFIX}": name for name in secrets}


def read(
    secrets: Iterable[str], prefix: str, sources: Mapping[str, Mapping[str, str | None]]
) -> tuple[dict[str, str], list[str]]:
    """What the named files hold.

    Args:
        secrets: fields that are secret.
        prefix: of variables.
        sources: variables by where they stand, those that count first.

    Returns:
        Values by field, without the white space around them, and a line for each fault: a file that cannot be read or
        is empty, or a secret that is given both ways.
    """
    found: dict[str, str] = {}
    faults: list[str] = []
    for where, named in sources.items():
        for variable, name in variables(secrets, prefix).items():
            path = named.get(variable)
            if not path or name in found:
                continue
            if any(others.get(prefix + name.upper()) for others in sources.values()):
                faults.append(f"{variable} ({where}) and {prefix}{name.upper()} are both given: leave one out")
                continue
            try:
                found[name] = _read(Path(path))
            except (OSError, ValueError) as error:
                faults.append(f"{variable} ({where}) is {path!r}: {_why(error)}")
    return found, faults


def _read(path: Path) -> str:
    """The secret in a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no secret, or none any more.
    """
    with path.open("rb") as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        msg = f"it is longer than {LONGEST} bytes: name a file that holds the secret alone"
        raise ValueError(msg)
    try:
        secret = content.decode().strip()
    except UnicodeDecodeError as error:
        msg = "it is no text: write the secret into it, as UTF-8"
        raise ValueError(msg) from error
    if not secret:
        msg = "it is empty: write the secret into it"
        raise ValueError(msg)
    return secret


def _why(error: OSError | ValueError) -> str:
    return f"{error.strerror}: name a file that this user may read" if isinstance(error, OSError) else str(error)
