"""The examples of the pages in ``docs/``: a fenced block after a line `` `NAME` `` is a file, and ``setup.cfg`` makes a package of
them."""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.plugin_packages import install

_FILE = re.compile(r"^`([\w./-]+)`\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files_of(page: str) -> dict[str, str]:
    """Name -> content of the files that ``docs/<page>`` shows."""
    return dict(_FILE.findall((ROOT / "docs" / page).read_text("utf-8")))


def blocks_of(page: str, language: str = "python") -> list[str]:
    """Every fenced block of a language in ``docs/<page>``."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "docs" / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def install_page(page: str, site: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write the page's files to ``site``, as an installer would, and put that on the path. Returns the names of its modules; they
    are unloaded when the test ends."""
    files = files_of(page)
    modules = []
    for name, content in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name != "setup.cfg":
            path.write_text(content, "utf-8")
            if path.suffix == ".py":
                modules.append(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    if "setup.cfg" in files:
        settings = configparser.ConfigParser(delimiters=("=",))
        settings.read_string(files["setup.cfg"])
        groups = {group: lines.strip().splitlines() for group, lines in settings["options.entry_points"].items()}
        install(site, monkeypatch, settings["metadata"]["name"], groups)
    else:
        monkeypatch.syspath_prepend(str(site))
    for module in modules:
        monkeypatch.delitem(sys.modules, module, raising=False)
    return modules
