"""Operators by name, and the threads of a factory that follows a registry: they end with it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from models.registry.store import Store
from streaming.errors import BadInput
from streaming.factory import OperatorFactory, maker, sport_named
from tests.streaming import toy


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    Store(tmp_path / "registry")
    (tmp_path / "registry").mkdir(exist_ok=True)
    return tmp_path / "registry"


@pytest.fixture
def toy_sport(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.factory.load_sport", lambda name: toy.TOY)


def followers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "deployed models"]


def test_factory_has_one_thread_per_sport_and_origin_and_ends_it(registry: Path, toy_sport: None) -> None:
    with OperatorFactory(registry=registry) as make:
        assert followers() == []
        make(toy.game()), make(toy.game())
        assert len(followers()) == 1
    assert followers() == []


def test_factory_without_registry_starts_no_thread(toy_sport: None) -> None:
    with OperatorFactory(provisional=False) as make:
        assert make(toy.game()).sport is toy.TOY
        assert followers() == []


def test_models_by_name_with_a_registry_are_refused(registry: Path) -> None:
    with pytest.raises(BadInput, match=r"^--model and --registry both name models: give one of them$"):
        OperatorFactory(["xgoals"], registry)


def test_absent_registry_is_refused_with_the_first_operator(tmp_path: Path, toy_sport: None) -> None:
    with OperatorFactory(registry=tmp_path / "no") as make, pytest.raises(BadInput, match="there is no model registry at"):
        make(toy.game())


def test_worker_follows_the_registry_of_its_environment(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHLINE_REGISTRY", str(registry))
    assert maker().registry == registry
    assert maker(["xgoals"]).registry is None
    assert OperatorFactory().registry is None


def test_unknown_sport_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"^unknown sport 'chess': this installation knows f1, mlb, nfl, soccer$"):
        sport_named("chess")
