"""Two artefacts with the same first digits: each is itself, and neither is taken for the other.

Twelve equal digits take a minute to find; here a version has one digit, so that a few artefacts are enough.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from models import artefact
from models.artefact import ForestModel, load
from models.base import digest_of
from models.registry import store as store_module
from models.registry.follow import Follower
from models.registry.store import Store
from models.serving.client import RemoteModel
from models.serving.deployed import DeploymentSync
from models.serving.loaded_models import LoadedModels
from models.serving.transports import HttpTransport
from streaming.cli.lifecycle.pinning import find_version
from streaming.errors import BadInput
from streaming.operator.game import GameOperator
from streaming.operator.inference.reload import ModelReloader
from streaming.recordings.model_copies import ModelVersion
from tests.models.life_helpers import version_of
from tests.models.registry.conftest import NAME


@pytest.fixture
def twins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two artefacts of one short version."""
    monkeypatch.setattr(artefact, "SHORT", 1)
    monkeypatch.setattr(store_module, "SHORT", 1)
    found: dict[str, Path] = {load(NAME).digest[:1]: Path()}
    for i in range(40):
        folder = tmp_path / f"m{i}"
        version = version_of(NAME, 0.01 * (i + 1), folder).version
        if found.setdefault(version, folder) not in (folder, Path()):
            return found[version], folder
    raise AssertionError("40 artefacts have 40 different first digits")


def _registered(tmp_path: Path, twins: tuple[Path, Path]) -> tuple[Store, str, str]:
    store = Store(tmp_path / "registry")
    first, second = (store.register(folder, "ann", "x").version for folder in twins)
    return store, first, second


def test_the_second_gets_more_digits_and_neither_is_the_other(tmp_path: Path, twins: tuple[Path, Path]) -> None:
    store, first, second = _registered(tmp_path, twins)
    one, two = (load(folder) for folder in twins)
    assert one.version == two.version == first
    assert second == two.digest[:5]
    assert store.register(twins[1], "ann", "again").version == second
    with pytest.raises(ValueError, match=f"2 versions of {NAME} begin with '{first}'; versions are .*{one.digest[:5]} .*{second}"):
        store.approve(NAME, first, "bob", "which of them?")
    store.approve(NAME, two.digest, "bob", "the whole digest")
    assert {v.version: v.state for v in store.versions(NAME)}[first] == "pending"
    store.deploy(NAME, second, "ann", "x")
    assert store.deployed(NAME) == second
    live = store.load(NAME, "deployed")
    assert (live.digest, live.version) == (two.digest, second)


def test_an_artefact_with_the_same_digits_in_its_place_is_refused(tmp_path: Path, twins: tuple[Path, Path]) -> None:
    store, first, _ = _registered(tmp_path, twins)
    digest = load(twins[0]).digest
    store.approve(NAME, digest, "bob", "x")
    store.deploy(NAME, digest, "ann", "x")
    with Follower(store, [NAME], every_s=0.0) as follower:
        kept = store.root / NAME / first
        shutil.rmtree(kept)
        shutil.copytree(twins[1], kept)
        with pytest.raises(ValueError, match="the artefact was replaced"):
            store.deploy(NAME, digest, "ann", "x")
        store.deploy(NAME, "shipped", "ann", "x")
        assert follower.poll()
    with Follower(store, [NAME], every_s=0.0) as follower:
        assert digest_of(follower.current()[NAME]) == load(NAME).digest


def test_operators_and_endpoints_switch_from_one_to_the_other(tmp_path: Path, twins: tuple[Path, Path]) -> None:
    one, two = (load(folder) for folder in twins)
    loaded = LoadedModels()
    sync = DeploymentSync(loaded, Store(tmp_path / "registry"), [NAME], every_s=0.0)
    for model in (one, two):
        sync._transform({NAME: model})
        assert loaded.find(NAME).digest == model.digest
        assert loaded.find(NAME).card()["digest"] == model.digest
    sync.close()

    class Deployed:
        stamp = 0
        models = {NAME: one}

        def current(self) -> dict[str, ForestModel]:
            return self.models

    from tests.streaming import toy

    deployed = Deployed()
    operator = GameOperator(toy.TOY, toy.game())
    reloader = ModelReloader(operator.context, deployed, operator.windows, operator.events)
    out: list[object] = []
    for each in (one, two):
        deployed.models, deployed.stamp = {NAME: each}, deployed.stamp + 1
        packet = toy.track(1.0)
        packet.arrival_us = 1 << 60
        reloader.maybe_reload(packet, 0, out)  # type: ignore[arg-type]
    assert [s.digest for s in out] == [one.digest, two.digest]  # type: ignore[attr-defined]


class _Endpoint:
    """A transport to an endpoint that serves ``model``."""

    describes = True

    def __init__(self, model: ForestModel) -> None:
        self.model = model

    def invoke(self, body: bytes, until_s: float) -> bytes:
        import msgspec

        rows = np.array(msgspec.json.decode(body), float)
        reply = {"predictions": self.model.predict(rows).tolist(), "version": self.model.version, "digest": self.model.digest}
        return msgspec.json.encode(reply)

    def describe(self, until_s: float) -> tuple[str, list[object]]:
        return self.model.version, list(self.model.features)


def test_a_pin_of_the_whole_digest_tells_them_apart_at_an_endpoint(twins: tuple[Path, Path]) -> None:
    one, two = (load(folder) for folder in twins)
    rows = np.zeros((1, len(one.features)))
    endpoint = _Endpoint(one)
    remote = RemoteModel(NAME, one.features, endpoint, local=one, deadline_s=30.0, version=one.digest)  # type: ignore[arg-type]
    answer = remote.try_predict(rows)
    assert (answer.fallback_reason, remote.digest) == ("", one.digest)
    assert answer.attribute is not None
    endpoint.model = two
    assert remote.try_predict(rows).fallback_reason == "wrong"
    free = RemoteModel(NAME, one.features, endpoint, local=one, deadline_s=30.0)  # type: ignore[arg-type]
    answer = free.try_predict(rows)
    assert (answer.fallback_reason, free.digest) == ("", two.digest)
    assert answer.attribute is None  # the explanations here are those of the other artefact
    assert HttpTransport.describes


def test_a_recording_s_version_is_found_by_its_whole_digest(tmp_path: Path, twins: tuple[Path, Path]) -> None:
    store, first, _ = _registered(tmp_path, twins)
    two = load(twins[1])
    found = find_version(ModelVersion(NAME, first, two.digest), store.root)
    assert digest_of(found) == two.digest
    with pytest.raises(BadInput, match=f"2 versions of {NAME} begin with '{first}'"):
        find_version(ModelVersion(NAME, first), store.root)
