"""Keycloak, a real provider of OpenID Connect, from its distribution on Maven Central (180 MB, fetched once)."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.servers import CACHE, THRIFTY, AbsentError, Server, free_port

VERSION: Final = "26.4.7"
PASSWORD: Final = "a horse and a battery"
_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
_REALM: Final = {
    "realm": "esi",
    "enabled": True,
    "sslRequired": "none",
    "clients": [
        {
            "clientId": "esi",
            "enabled": True,
            "secret": "the-secret-of-esi",
            "publicClient": False,
            "standardFlowEnabled": True,
            "redirectUris": ["*"],
            "attributes": {"pkce.code.challenge.method": "S256"},
        }
    ],
    "users": [
        {
            "username": name,
            "enabled": True,
            "email": f"{name}@desk.example",
            "emailVerified": True,
            "firstName": name,
            "lastName": "Meier",
            "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
        }
        for name in ("ann", "bob")
    ],
}


def distribution() -> Path:
    """Its zip file.

    Raises:
        AbsentError: no Maven, or no way to its repository.
    """
    file = CACHE / "keycloak" / f"keycloak-quarkus-dist-{VERSION}.zip"
    if file.is_file():
        return file
    if shutil.which("mvn") is None:
        raise AbsentError("no mvn on PATH: apt-get install maven")
    artifact = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
    options = [f"-Dartifact={artifact}", f"-DoutputDirectory={file.parent}", "-Dmdep.useBaseVersion=true"]
    command = ["mvn", "-q", "-B", f"{_PLUGIN}:copy", *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode or not file.is_file():
        msg = f"Maven could not fetch Keycloak: {(done.stdout + done.stderr)[-500:]}"
        raise AbsentError(msg)
    return file


class Keycloak(Server):
    """Keycloak with a realm `esi`, a client `esi` that must use PKCE, and the users `ann` and `bob`."""

    environment: Mapping[str, str] = {"JAVA_OPTS_APPEND": THRIFTY[0]}

    @property
    def issuer(self) -> str:
        """As it stands in its tokens."""
        return f"http://127.0.0.1:{self.port}/realms/esi"

    def _home(self) -> Path:
        return self.folder / f"keycloak-{VERSION}"

    def prepare(self) -> None:
        """Unpacks it, with the realm to be imported."""
        if shutil.which("java") is None:
            raise AbsentError("no java on PATH: apt-get install default-jdk-headless")
        shutil.unpack_archive(distribution(), self.folder)
        realms = self._home() / "data" / "import"
        realms.mkdir(parents=True)
        (realms / "esi.json").write_text(json.dumps(_REALM))

    def command(self) -> list[str]:
        """`kc.sh start-dev`."""
        options = ["--import-realm", "--http-host=127.0.0.1", f"--http-port={self.port}"]
        options.append(f"--http-management-port={free_port()}")
        return ["bash", str(self._home() / "bin" / "kc.sh"), "start-dev", *options]

    def answers(self) -> object:
        """Its realm says what it can."""
        with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=2) as answer:
            return answer.status == 200
