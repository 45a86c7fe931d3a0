"""constraints.txt: how it is made, and whether it is what is installed here."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import distributions

from deploy.pins import CHECKOUT, HEAD, merge, read_report


def test_what_both_pythons_agree_on_is_written_once() -> None:
    text = merge({"3.11": {"a": "1", "n": "2.4", "only": "1"}, "3.12": {"a": "1", "n": "2.5"}})
    assert text == HEAD + (
        'a==1\nn==2.4 ; python_version < "3.12"\nn==2.5 ; python_version >= "3.12"\nonly==1 ; python_version < "3.12"\n'
    )


def test_a_report_of_pip_is_read_without_ourselves() -> None:
    report = {
        "install": [{"metadata": {"name": "Foo_Bar", "version": "3"}}, {"metadata": {"name": "esi", "version": "0"}}]
    }
    assert read_report(json.dumps(report)) == {"foo-bar": "3"}


def test_every_dependency_of_the_project_is_pinned() -> None:
    pinned = {line.split("==")[0] for line in (CHECKOUT / "constraints.txt").read_text().splitlines() if "==" in line}
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    assert {re.split(r"[^A-Za-z0-9-]", one)[0].lower() for one in wanted} - pinned == set()
    assert "torch" not in pinned


def test_what_is_installed_here_is_what_is_pinned() -> None:
    pinned = {}
    for line in (CHECKOUT / "constraints.txt").read_text().splitlines():
        if "==" in line and ";" not in line:
            name, _, version = line.partition("==")
            pinned[name] = version
    installed = {str(d.metadata["Name"]).lower().replace("_", "-"): d.version for d in distributions()}
    assert {name: installed[name] for name in pinned if name in installed} == {
        name: version for name, version in pinned.items() if name in installed
    }
