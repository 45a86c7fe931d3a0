"""Renews constraints.txt for Python 3.11 and 3.12: `make pins`.

Each Python resolves what the project needs, without installing it; what both agree on is written once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
PYTHONS = {"3.11": 'python_version < "3.12"', "3.12": 'python_version >= "3.12"'}
HEAD = """\
# Exact versions of everything, for Python 3.11 and 3.12: `pip install -c constraints.txt -e ".[dev]"`.
# The extra `train` (torch) is not pinned here: it is never part of running or testing.
# To renew: `make pins`, then `make check test` on both versions.
"""


def merge(pins: dict[str, dict[str, str]]) -> str:
    """Lines of constraints.txt from the resolved versions (package: version) of each Python."""
    lines = []
    for package in sorted(set().union(*pins.values())):
        versions = {python: found[package] for python, found in pins.items() if package in found}
        if len(versions) == len(pins) and len(set(versions.values())) == 1:
            lines.append(f"{package}=={next(iter(versions.values()))}")
        else:
            lines += [f"{package}=={version} ; {PYTHONS[python]}" for python, version in versions.items()]
    return HEAD + "\n".join(lines) + "\n"


def resolve(version: str) -> dict[str, str]:
    """Versions that pip would install for one Python, which must be on the path as `python3.11` or `python3.12`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        subprocess.run([f"python{version}", "-m", "venv", f"{folder}/venv"], check=True)
        pip = [f"{folder}/venv/bin/python", "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run([*pip, "--report", report, f"{CHECKOUT}[dev]"], check=True)
        return read_report(report.read_text())


def read_report(text: str) -> dict[str, str]:
    """Package: version of pip's installation report, ourselves left out."""
    found = (item["metadata"] for item in json.loads(text)["install"])
    return {one["name"].lower().replace("_", "-"): one["version"] for one in found if one["name"] != "esi"}


if __name__ == "__main__":
    (CHECKOUT / "constraints.txt").write_text(merge({python: resolve(python) for python in PYTHONS}))
    sys.stderr.write("constraints.txt is renewed; now run make check test on both Pythons\n")
