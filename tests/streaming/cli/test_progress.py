"""Progress shows a title as it is, whatever brackets it has."""

from __future__ import annotations

import io
import sys

import pytest

from streaming.cli.progress import Progress

TITLES = ("[/] v [bold red]Away[/bold red]", "[link=https://evil.example]Home[/link]", "[/nothing]", "100 %")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("title", TITLES)
def test_title_is_no_markup_at_a_terminal(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    with Progress(title, 2.0, "samples") as progress:
        progress.advance(2.0)
    assert title in terminal.getvalue()
    assert "evil.example\x1b\\" not in terminal.getvalue(), "no link is made"


@pytest.mark.parametrize("title", TITLES)
def test_title_is_no_markup_in_a_pipe(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with Progress(title, 2.0, "samples") as progress:
        progress.advance(2.0)
    assert title in pipe.getvalue()
