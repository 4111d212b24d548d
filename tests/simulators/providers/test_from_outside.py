"""A provider of an installed package: listed, read, and refused in one sentence where what is offered is nothing to read with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulators.providers import providers, read
from streaming.cli.app import run
from streaming.errors import BadInput, Unavailable

READER = '''"""Belts of our own, one CSV a match."""

from simulators.providers.zxy import read as other


def read(files, pick=""):
    raise __import__("streaming.errors").errors.BadInput(f"read {files[0].name}, picked {pick}")


def lacking(files):
    import belts_driver


nothing = 3
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on ``sys.path`` with a package as pip would leave it."""
    (tmp_path / "our_belts.py").write_text(READER)
    info = tmp_path / "our_belts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-belts\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[touchline.providers]\nbelts = our_belts:read\nzxy = our_belts:read\nodd = our_belts:nothing\ngone = our_belts:absent\n"
        "far = nowhere_at_all:read\nlacking = our_belts:lacking\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "our_belts", raising=False)
    (tmp_path / "match.csv").write_text("")
    return tmp_path


def test_a_provider_is_listed_without_an_import(site: Path) -> None:
    known = providers()
    assert known["belts"] == "Belts of our own, one CSV a match."
    assert known["far"] == "offered by our-belts"
    assert known["zxy"].startswith("ZXY")
    assert "our_belts" not in sys.modules


def test_a_provider_in_a_package_is_listed_without_an_import_of_the_package(site: Path) -> None:
    (site / "our_vests").mkdir()
    (site / "our_vests" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (site / "our_vests" / "files.py").write_text('"""Vests of our own."""\n')
    points = site / "our_belts-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "vests = our_vests.files:read\n")
    assert providers()["vests"] == "Vests of our own."


@pytest.mark.parametrize(("old", "new"), [("f1", "tracinginsights"), ("f1_live", "f1_livetiming")])
def test_a_name_of_version_0_1_works_and_one_line_gives_the_new_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    (tmp_path / "notes.csv").write_text("")
    with pytest.raises(BadInput) as caught:
        read(new, [tmp_path / "notes.csv"])
    assert run(["import", old, str(tmp_path / "notes.csv"), "--out", str(tmp_path / "REC")]) == 2
    assert capsys.readouterr().err == f"touchline: the provider {old} is now called {new}\ntouchline: {caught.value}\n"
    assert old not in providers()


def test_the_function_of_the_entry_point_reads_the_files(site: Path) -> None:
    with pytest.raises(BadInput, match=r"^read match\.csv, picked 7$"):
        read("belts", [site / "match.csv"], "7")


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("zxy", BadInput, "the provider zxy is offered more than once, by touchline, our-belts: uninstall all but one"),
        ("odd", BadInput, "our-belts offers the provider odd as our_belts:nothing, which is no function"),
        ("gone", BadInput, "our-belts offers the provider gone as our_belts:absent, which does not exist"),
        ("far", Unavailable, "needs the package nowhere_at_all"),
        ("lacking", Unavailable, "needs the package belts_driver"),
        ("nobody", BadInput, "unknown provider 'nobody': this installation knows belts, "),
        ("belts:csv", BadInput, "belts files are of one kind: write belts, not belts:csv"),
    ],
)
def test_a_provider_that_cannot_read_is_one_sentence(site: Path, name: str, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind) as caught:
        read(name, [site / "match.csv"])
    assert sentence in str(caught.value)
