"""The logic of the pages' JavaScript, under ``node --test``: each file in ``js`` by itself.

Node is the one that Playwright brings, which is there wherever the browser tests are, or else one on the path from version 22 on:
older ones do not see by themselves that a file is a module.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.waiting import TIMEOUT_S

FOLDER = Path(__file__).parent / "js"
STATIC = Path(__file__).parents[3] / "streaming" / "web" / "static" / "js"
FILES = sorted(FOLDER.glob("*.test.mjs"))
LEAST_VERSION = 22


def node() -> str | None:
    """A Node that runs modules as they are, or None."""
    spec = find_spec("playwright")
    bundled = [str(Path(spec.origin).parent / "driver" / "node")] if spec is not None and spec.origin is not None else []
    for name in (*bundled, shutil.which("node"), shutil.which("nodejs")):
        if name is None or not os.access(name, os.X_OK):
            continue
        version = subprocess.run([name, "--version"], capture_output=True, text=True, check=False).stdout
        if (found := re.match(r"v(\d+)\.", version)) and int(found[1]) >= LEAST_VERSION:
            return name
    return None


@pytest.fixture(scope="module")
def runtime() -> str:
    found = node()
    if found is None:
        sentence = f"no Node from version {LEAST_VERSION} on: make setup installs Playwright's, with the extra [dev]"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"{sentence}; where CI=true this must not be skipped")
        pytest.skip(sentence)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.partition(".")[0])
def test_javascript_passes_its_tests(runtime: str, file: Path) -> None:
    command = [runtime, "--test", "--test-reporter=tap", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed = re.search(r"^# pass (\d+)$", ran.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) == file.read_text("utf-8").count("\ntest("), "every test of the file ran"


def test_javascript_that_fails_a_test_is_noticed(runtime: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.test.mjs"
    file.write_text('import { test } from "node:test";\n\ntest("wrong", () => { throw new Error("no"); });\n')
    ran = subprocess.run([runtime, "--test", str(file)], capture_output=True, timeout=TIMEOUT_S, check=False)
    assert ran.returncode == 1


def test_javascript_imports_only_files_that_exist() -> None:
    imported = re.compile(r"""(?:from|import)\s*\(?\s*"(\.[^"$]+)\"""")
    found = [(file, name) for file in STATIC.rglob("*.js") for name in imported.findall(file.read_text("utf-8"))]
    assert len(found) > 60
    assert [(file.name, name) for file, name in found if not (file.parent / name).is_file()] == []
