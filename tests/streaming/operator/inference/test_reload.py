"""Another version of a model takes over under load: every prediction is one of the two, whole, and none is missing."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from features.core.sport import Stat
from models.artefact import ForestModel, load
from models.registry.follow import Follower
from models.registry.store import Store
from simulators.soccer.training_events import event_table
from streaming.operator.game import GameOperator
from streaming.operator.inference.reload import Pinned
from streaming.recordings.reader import Recording, Writer
from streaming.wire.blocks import ModelSwitch, Output, Prediction, StatBlock
from streaming.wire.records import Event, Telemetry
from tests.models.life_helpers import version_of
from tests.streaming import toy
from tests.streaming.helpers import finals

FEATURES = load("xgoals").features
SECONDS = 60.0


@cache
def _shots() -> np.ndarray:
    """Rows of the model from a simulated match, for which it is valid, nearest first."""
    rows = event_table("xgoals", 1, 1).rows
    return np.asarray(rows[np.argsort(rows[:, 0])])


def _rows(values: np.ndarray) -> np.ndarray:
    """(..., F) rows of the model from one number each: a shot from farther away the larger it is."""
    shots = _shots()
    return np.asarray(shots[np.clip(np.nan_to_num(values) * 10.0, 0, len(shots) - 1).astype(int)])


def _sport() -> object:
    """The toy with a model in a window stat, in an event stat and in a tick."""
    with_model = (
        Stat(
            "toy.player.chance",
            "0..1",
            "of a goal from here",
            "player",
            lambda f, ends: _rows(f["toy_speed"][ends]),
            model="xgoals",
        ),
        Stat(
            "toy.mark.chance",
            "0..1",
            "of a goal from there",
            "player",
            lambda m, ledger: _rows(np.array(m.facts["near_x"] or 0.0)),
            on=("mark",),
            model="xgoals",
        ),
        Stat(
            "toy.team.chance",
            "0..1",
            "of a goal by marks",
            "team",
            lambda ledger, t_s: _rows(np.array(ledger.marks, float)),
            ticks=True,
            every_s=1.0,
            ledger_only=True,
            model="xgoals",
        ),
    )
    return replace(toy.TOY, stats=(*toy.TOY.stats, *with_model))


def _records(step: Callable[[int], None] = lambda i: None) -> Iterator[Telemetry | Event]:
    whole, rows = toy.track(SECONDS), 5
    marks = [toy.mark(i, 2.0 * i, i % 4) for i in range(1, int(SECONDS / 2))]
    for i, lo in enumerate(range(0, len(whole), rows)):
        step(i)
        packet = whole.take(slice(lo, lo + rows))
        arrival = int(packet.t_us[-1]) + 4000
        while marks and marks[0].arrival_us <= arrival:
            yield marks.pop(0)
        packet.arrival_us = arrival
        yield packet
    yield from marks


def _checked(outputs: list[Output], models: dict[str, object]) -> dict[str, int]:
    """How often each version answered; every prediction must be exactly that version's answer to its own features."""
    count: dict[str, int] = dict.fromkeys(models, 0)
    for o in outputs:
        if isinstance(o, Prediction):
            rows = o.features.reshape(-1, len(FEATURES))
            np.testing.assert_array_equal(models[o.version].predict(rows), o.answer.reshape(-1))  # type: ignore[attr-defined]
            others = [m for v, m in models.items() if v != o.version]
            assert all(not np.array_equal(m.predict(rows), o.answer.reshape(-1)) for m in others)  # type: ignore[attr-defined]
            count[o.version] += 1
    return count


class _Flipping:
    """Another version is deployed as often as the interpreter allows, by a thread of its own."""

    def __init__(self, versions: list[ForestModel]) -> None:
        self.stamp, self._versions, self._done = 0, versions, threading.Event()
        self._current = {"xgoals": versions[0]}
        self._thread = threading.Thread(target=self._flip)

    def current(self) -> dict[str, ForestModel]:
        return self._current

    def _flip(self) -> None:
        while not self._done.is_set():
            time.sleep(0)  # a thread that sleeps wakes up too late on a busy machine
            self._current = {"xgoals": self._versions[(self.stamp + 1) % 2]}
            self.stamp += 1

    def __enter__(self) -> _Flipping:
        self._slice_s = sys.getswitchinterval()
        sys.setswitchinterval(1e-4)  # so that it comes in the middle of anything
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        sys.setswitchinterval(self._slice_s)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "registry")
    version = version_of("xgoals", 0.5, tmp_path / "m").version
    store.register(tmp_path / "m", "ann", "x")
    store.approve("xgoals", version, "bob", "x")
    return store


@pytest.mark.slow
@pytest.mark.parametrize("who", ["a thread", "the registry"])
def test_reload_under_load_mixes_no_versions_and_loses_no_prediction(store: Store, who: str) -> None:
    versions = [load("xgoals").version, next(v.version for v in store.versions("xgoals") if v.state == "approved")]
    models = {v: store.load("xgoals", v) for v in versions}
    sport = _sport()
    still = GameOperator(sport, toy.game(), {"xgoals": models[versions[0]]})  # type: ignore[arg-type]
    expected = [o for r in _records() for o in still.on_record(r)] + still.finish()
    out: list[Output] = []
    if who == "a thread":
        with _Flipping([models[v] for v in versions]) as flipping:
            until_s = time.monotonic() + 30.0
            while time.monotonic() < until_s:
                operator = GameOperator(sport, toy.game(), deployed=flipping)  # type: ignore[arg-type]
                out = [o for r in _records() for o in operator.on_record(r)] + operator.finish()
                if len([o for o in out if isinstance(o, ModelSwitch)]) > 4:
                    break
    else:
        with Follower(store, ["xgoals"], every_s=0.005) as follower:
            deployments = 0

            def step(i: int) -> None:  # deployed here, and taken whenever the follower's thread has seen it
                nonlocal deployments
                if i % 200 == 199:
                    while follower.stamp < deployments:
                        time.sleep(0.001)
                elif i % 200 == 100:
                    deployments += 1
                    store.deploy("xgoals", versions[deployments % 2], "ann", "again")

            operator = GameOperator(sport, toy.game(), deployed=follower)  # type: ignore[arg-type]
            out = [o for r in _records(step) for o in operator.on_record(r)] + operator.finish()
    switches = [o for o in out if isinstance(o, ModelSwitch)]
    assert len(switches) > 4
    assert switches[0].before == ""
    assert all(a.version == b.before and a.after_us < b.after_us for a, b in pairwise(switches))
    count = _checked(out, models)
    assert min(count.values()) > 0
    # no prediction is missing or doubled: the same rows in the same order, whichever version answered
    predicted = [(o.stat, o.event, o.t_us, o.quality, o.features.tobytes()) for o in out if isinstance(o, Prediction)]
    assert predicted == [(o.stat, o.event, o.t_us, o.quality, o.features.tobytes()) for o in expected if isinstance(o, Prediction)]
    # and what is published names the version that made it: value and version are a pair, in windows, events and ticks
    made = {(o.stat, o.event, o.t_us, o.quality): o for o in out if isinstance(o, Prediction)}
    pairs = 0
    for block in out:
        if isinstance(block, StatBlock) and block.model is not None and block.stat in ("toy.mark.chance", "toy.player.chance"):
            for k, end in enumerate(block.end_us.tolist()):
                prediction = made[(block.stat, block.event, end, block.quality)]
                assert prediction.version == block.model.version
                if block.stat == "toy.mark.chance":
                    assert block.values[k][0] == prediction.answer.reshape(-1)[0]
                pairs += 1
    assert pairs > 100
    # which ticks have rows is the models' doing there: what holds goes out when it changes
    held = "/toy.team.chance/"
    assert {k for k in finals(out) if held not in k[0]} == {k for k in finals(expected) if held not in k[0]}


def test_tick_after_a_reload_uses_the_new_version(store: Store) -> None:
    """A tick's features of the ledger are kept until it changes; a new version predicts from them anew."""
    first, second = load("xgoals"), store.load("xgoals", next(v.version for v in store.versions("xgoals") if v.state == "approved"))
    pins = Pinned({"xgoals": first}, [(toy.T0 + 20_000_000, {"xgoals": second})])
    operator = GameOperator(_sport(), toy.game(), deployed=pins, provisional=False)  # type: ignore[arg-type]
    records = [r for r in _records() if isinstance(r, Telemetry)]  # no marks: the account never changes
    out = [o for r in pins.stream(records) for o in operator.on_record(r)] + operator.finish()
    rows = _rows(np.zeros(1))
    for block in out:
        if isinstance(block, StatBlock) and block.stat == "toy.team.chance":
            assert block.model is not None
            model = first if block.model.version == first.version else second
            assert (block.values == model.predict(rows)[0]).all()
    assert {b.model.version for b in out if isinstance(b, StatBlock) and b.stat == "toy.team.chance" and b.model} == {
        first.version,
        second.version,
    }


def test_correction_after_a_reload_names_the_version_of_the_value_it_repeats(store: Store) -> None:
    first, second = load("xgoals"), store.load("xgoals", next(v.version for v in store.versions("xgoals") if v.state == "approved"))
    pins = Pinned({"xgoals": first}, [(toy.T0 + 20_000_000, {"xgoals": second})])
    operator = GameOperator(_sport(), toy.game(), deployed=pins, provisional=False)  # type: ignore[arg-type]
    late = toy.mark(2, 4.0, 2, revision=1, delay_s=36.0)  # long after its frames could be read again
    records = sorted([*_records(), late], key=lambda r: r.arrival_us if isinstance(r.arrival_us, int) else int(r.arrival_us[0]))
    out = [o for r in pins.stream(records) for o in operator.on_record(r)] + operator.finish()
    blocks = [b for b in out if isinstance(b, StatBlock) and b.stat == "toy.mark.chance" and b.event == "e2"]
    assert [b.revision for b in blocks] == [0, 1]
    assert blocks[0].values == blocks[1].values
    assert [b.model.version for b in blocks if b.model] == [first.version, first.version]


@pytest.mark.slow
@pytest.mark.parametrize("packets", ["packed", "arrival"])
def test_replay_switches_models_where_the_live_game_did(store: Store, tmp_path: Path, packets: str) -> None:
    """Recorded live with two switches in the middle; played again, every final is the same to the byte."""
    versions = [load("xgoals").version, next(v.version for v in store.versions("xgoals") if v.state == "approved")]
    follower = Follower(store, ["xgoals"], every_s=0.0)

    def step(i: int) -> None:
        if i in (300, 777):
            store.deploy("xgoals", versions[1 if i == 300 else 0], "ann", "x")
            follower.poll()

    operator = GameOperator(_sport(), toy.game(), deployed=follower)  # type: ignore[arg-type]
    out: list[Output] = []
    with Writer(tmp_path / "rec", toy.game()) as writer:
        for record in _records(step):
            writer.write(record)
            made = operator.on_record(record)
            writer.write_outputs(made, 0)
            out += made
        made = operator.finish()
        writer.write_outputs(made, 0)
        out += made
    recording = Recording(tmp_path / "rec")
    rows = recording.read("switches")
    assert [(r["before"], r["version"]) for r in rows] == [("", versions[0]), tuple(versions), tuple(reversed(versions))]
    models = {v: store.load("xgoals", v) for v in versions}
    changes = [(r["after_us"], {"xgoals": models[r["version"]]}) for r in rows if r["before"]]
    pins = Pinned({"xgoals": models[rows[0]["version"]]}, changes)
    again = GameOperator(_sport(), toy.game(), deployed=pins, provisional=False)  # type: ignore[arg-type]
    played = [o for r in pins.stream(recording.records(packets=packets)) for o in again.on_record(r)] + again.finish()  # type: ignore[arg-type]
    assert finals(played) == finals(out)
    assert min(_checked(played, models).values()) > 50
    recorded = [r for r in recording.read("predictions") if r["quality"] == "final"]
    assert [r["version"] for r in recorded] == [o.version for o in out if isinstance(o, Prediction) and o.quality == "final"]
    assert all(r["took_us"] > 0.0 for r in recorded)
