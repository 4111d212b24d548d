"""A later package brings other artefacts: what was live stays, and what ships now is one more candidate."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from models import artefact
from models.artefact import load
from models.choice import at_home
from models.registry.follow import Follower
from models.registry.ledger import PACKAGE
from models.registry.store import Store
from models.unavailable import UnavailableModel
from tests.models.life_helpers import version_of
from tests.models.registry.conftest import NAME

REAL = "mlb-win-probability"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The artefacts of the installed package, to be changed."""
    root = tmp_path / "package"
    for name in (NAME, REAL):
        for origin in ("simulated", "real"):
            if (artefact.SHIPPED / origin / name).is_dir():
                shutil.copytree(artefact.SHIPPED / origin / name, root / origin / name)
    monkeypatch.setattr(artefact, "artefact_root", lambda name: root)
    return root


def _upgrade(package: Path, name: str = NAME, origin: str = "simulated") -> str:
    folder = package / origin / name
    model = load(folder)
    card = msgspec.structs.replace(model.card, command=model.card.command + " (a later one)")
    return artefact.save(folder, card, artefact.model_file(folder).read_bytes()).version


def test_what_was_live_and_shipped_survives_an_upgrade(package: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "registry")
    old = load(NAME).version
    mine = version_of(NAME, 0.5, tmp_path / "m").version
    store.register(tmp_path / "m", "ann", "x")
    assert load(store.root / NAME / old).version == old
    new = _upgrade(package)
    assert new != old
    assert store.deployed(NAME) == old
    assert {v.version: v.state for v in store.versions(NAME)} == {old: "deployed", mine: "pending", new: "pending"}
    with Follower(store, [NAME], every_s=0.0) as follower:
        assert follower.current()[NAME].version == old
    store.approve(NAME, mine, "bob", "x")
    store.deploy(NAME, mine, "ann", "x")
    assert store.deploy(NAME, "shipped", "ann", "roll back").version == old
    with pytest.raises(ValueError, match="is not approved"):
        store.deploy(NAME, new, "ann", "not yet")
    store.approve(NAME, new, "bob", "better on 40 games")
    assert store.deploy(NAME, new, "ann", "x").version == new
    assert store.find(NAME, "shipped") == new
    assert store.history(NAME)[-1].before == old
    newest = _upgrade(package)
    assert store.load(NAME, "deployed").version == new  # its own copy
    assert [v.version for v in store.versions(NAME) if v.entries[0].by == PACKAGE] == [old, new, newest]


def test_real_games_keep_the_artefact_that_came_with_the_live_one(package: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "registry")
    real = load(f"{REAL}@real").digest
    version_of(REAL, 0.5, tmp_path / "m")
    store.register(tmp_path / "m", "ann", "x")
    _upgrade(package, REAL)
    _upgrade(package, REAL, "real")
    live = store.load(REAL, "deployed")
    assert at_home({REAL: live}, "real", store.counterpart)[REAL].digest == real
    assert at_home({REAL: live}, "simulated", store.counterpart)[REAL].digest == live.digest


def test_a_registry_of_an_earlier_program_still_loads(package: Path, tmp_path: Path) -> None:
    """Lines without digests, a pointer without digest and number, and no copy of what shipped."""
    store = Store(tmp_path / "registry")
    old = load(NAME).version
    mine = version_of(NAME, 0.5, tmp_path / "m").version
    folder = store.root / NAME
    shutil.copytree(tmp_path / "m", folder / mine)
    lines = [{"at": "", "deed": deed, "version": old, "by": PACKAGE, "why": "x"} for deed in ("registered", "approved", "deployed")]
    lines += [{"at": "2026-01-01", "deed": deed, "version": mine, "by": "ann", "why": "x"} for deed in ("registered", "approved")]
    log = folder / "ledger.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert store.deployed(NAME) == old
    assert store.register(tmp_path / "m", "ann", "again").version == mine
    assert len(store.history(NAME)) == 5
    lines.append({"at": "2026-01-02", "deed": "deployed", "version": mine, "by": "ann", "why": "x", "before": old})
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "deployed.json").write_text(json.dumps({"version": mine, "at": "2026-01-02", "by": "ann"}))
    with Follower(store, [NAME], every_s=0.0) as follower:
        assert follower.current()[NAME].version == mine
        store.deploy(NAME, "shipped", "ann", "x")
        assert follower.poll()
        assert follower.current()[NAME].version == old
    assert (folder / old).is_dir()  # copied in by now


def test_without_a_copy_what_ships_now_answers_only_where_nothing_was_ever_deployed(package: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "registry")
    old = load(NAME).version
    version_of(NAME, 0.5, tmp_path / "m")
    mine = store.register(tmp_path / "m", "ann", "x").version
    shutil.rmtree(store.root / NAME / old)
    new = _upgrade(package)
    with Follower(store, [NAME], every_s=0.0) as follower:
        assert follower.current()[NAME].version == new
        assert old in follower.problems[NAME]
    store.approve(NAME, mine, "bob", "x")
    store.deploy(NAME, mine, "ann", "x")
    shutil.rmtree(store.root / NAME / mine)
    with Follower(store, [NAME], every_s=0.0) as follower:
        assert isinstance(follower.current()[NAME], UnavailableModel)
