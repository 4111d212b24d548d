"""Plugins are entry points: listed by name without an import, loaded once, refused in one sentence."""

from __future__ import annotations

import configparser
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from features.core.plugins import PluginError, PluginGroup, PluginUnavailable, source_of
from features.core.sport import load_sport, sports
from simulators.catalogue import SIMULATORS, simulators
from tests.paths import ROOT
from tests.plugin_packages import install

TOYS = PluginGroup("touchline.toys", "toy", deprecated="touchline.dolls")


def test_a_plugin_is_listed_unimported_and_then_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy_box.py").write_text('"""A box of toys."""\n\nBALL = 3\n')
    install(tmp_path, monkeypatch, "toy-box", {"touchline.toys": ["ball = toy_box:BALL", "lost = toy_box:LOST"]})
    assert TOYS.names() == ["ball", "lost"]
    assert "ball" in TOYS
    assert "bell" not in TOYS
    assert TOYS.first_line("ball") == "A box of toys."
    assert "toy_box" not in sys.modules
    assert TOYS.load("ball") == 3
    with pytest.raises(PluginError, match=r"^toy-box offers the toy lost as toy_box:LOST, which does not exist$"):
        TOYS.load("lost")


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        PluginError, match=r"^unknown toy 'ball': this installation knows none, so touchline must be installed again$"
    ):
        TOYS.find("ball")
    install(tmp_path, monkeypatch, "toy-box", {"touchline.toys": ["ball = toy_box:BALL"]})
    with pytest.raises(PluginError, match=r"^unknown toy 'bell': this installation knows ball$"):
        TOYS.load("bell")


def test_a_name_of_two_packages_is_refused_with_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("zoo-toys", "big-toys"):
        install(tmp_path, monkeypatch, package, {"touchline.toys": ["ball = toy_box:BALL"]})
    assert TOYS.names() == ["ball"]
    with pytest.raises(PluginError, match=r"^the toy ball is offered more than once, by big-toys, zoo-toys: uninstall "):
        TOYS.load("ball")


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy_train.py").write_text("import toy_rails\n")
    install(tmp_path, monkeypatch, "toy-train", {"touchline.toys": ["train = toy_train:TRAIN"]})
    with pytest.raises(PluginUnavailable) as caught:
        TOYS.load("train")
    assert caught.value.module == "toy_rails"
    assert str(caught.value) == "the toy train needs the package toy_rails, which comes with toy-train"


def test_the_older_name_of_a_group_is_read_and_both_names_of_one_package_are_one_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toy_box.py").write_text("OLD, NEW = 1, 2\n")
    groups = {"touchline.dolls": ["old = toy_box:OLD", "both = toy_box:OLD"], "touchline.toys": ["both = toy_box:NEW"]}
    install(tmp_path, monkeypatch, "toy-box", groups)
    monkeypatch.delitem(sys.modules, "toy_box", raising=False)
    assert (TOYS.load("old"), TOYS.load("both")) == (1, 2)


def test_a_simulator_under_the_older_name_of_its_group_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "old-games", {"touchline.worlds": ["toy = tests.streaming.toy_simulator:play"]})
    assert SIMULATORS.packages("toy") == ["old-games"]
    assert "toy" in simulators()


def test_what_is_declared_under_a_sport_must_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "odd-sports", {"touchline.sports": ["odd = json:dumps"]})
    with pytest.raises(ValueError, match=r"^odd-sports offers the sport odd as json:dumps, which is no Sport$"):
        load_sport("odd")
    assert "odd" in sports()


def test_the_source_of_a_module_is_found_without_an_import() -> None:
    assert source_of("features.soccer.passes") == ROOT / "features" / "soccer" / "passes.py"
    assert source_of("features.no_such_sport.passes") is None
    assert source_of("numpy._core._multiarray_umath") is None  # compiled: there is no source


def test_the_installed_metadata_are_those_of_setup_cfg() -> None:
    """Where this fails, setup.cfg has changed since the installation: run ``make setup``."""
    declared = configparser.ConfigParser(delimiters=("=",))
    declared.optionxform = str  # type: ignore[assignment,method-assign]
    declared.read(ROOT / "setup.cfg")
    expected = {
        (group, *(part.strip() for part in line.split("=", 1)))
        for group, lines in declared["options.entry_points"].items()
        for line in lines.strip().splitlines()
    }
    assert {(point.group, point.name, point.value) for point in distribution("touchline").entry_points} == expected


@pytest.mark.parametrize(
    ("group", "name", "value"),
    sorted((point.group, point.name, point.value) for point in distribution("touchline").entry_points),
)
def test_every_declared_module_exists(group: str, name: str, value: str) -> None:
    module = value.partition(":")[0]
    package = source_of(module) or source_of(f"{module}.__init__")
    assert package is not None, f"{group}: {name} = {value}"
