"""Every relative link and image of the documentation leads to a file that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.paths import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

#: [text](target), ![image](target), and pages named in code: `docs/time.md`
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:docs|tests|models|streaming|features|simulators|infra)/[\w./-]+\.(?:md|py|sh|png))`")


def _targets(page: Path) -> list[Path]:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    links = [link.split("#")[0] for link in LINK.findall(text) if not re.match(r"[a-z]+:|#", link)]
    return [page.parent / link for link in links] + [ROOT / name for name in NAMED.findall(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_link_of_every_page_leads_to_a_file(page: Path) -> None:
    missing = [str(target) for target in _targets(page) if not target.exists()]
    assert not missing


def test_link_pattern_finds_links() -> None:
    assert (ROOT / "docs/live.png") in _targets(ROOT / "README.md")
    assert (ROOT / "docs/time.md") in _targets(ROOT / "docs/architecture.md")
