"""Whatever happens to a registry, in any order: what is live changes by a deployment only, and a deployment always gets through."""

from __future__ import annotations

import errno
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from models.artefact import SHIPPED
from models.registry.follow import Follower
from models.registry.store import Store
from models.unavailable import UnavailableModel
from tests.models.life_helpers import version_of
from tests.models.registry.conftest import NAME
from tests.models.registry.faulty_disk import FaultyDisk

SHIFTS = (0.25, 0.5, 0.75)


@cache
def _artefacts() -> tuple[Path, dict[float, str]]:
    root = Path(tempfile.mkdtemp(prefix="artefacts-"))
    return root, {shift: version_of(NAME, shift, root / str(shift)).version for shift in SHIFTS}


class Registry(RuleBasedStateMachine):
    """The real registry beside a model of it: ``live`` is what was deployed last, ``running`` what a follower must answer with."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="registry-"))
        self.disk = FaultyDisk()
        self.store = Store(self.folder / "registry", self.disk)
        self.artefacts, self.versions = _artefacts()
        self.registered: set[str] = set()
        self.approved = {self.store.deployed(NAME) or ""}
        self.shipped = self.live = self.running = self.store.deployed(NAME) or ""
        self.pointers: list[bytes] = []
        #: the pointers that the follower has taken
        self.seen: list[bytes] = []
        #: how to put things right again, by what is wrong
        self.wrong: dict[str, object] = {}
        self.corrupt: set[str] = set()

    @initialize()
    def start(self) -> None:
        self.store.register(SHIPPED / "simulated" / "nfl-pressure", "ann", "so that the registry is not empty without this model")
        for shift in SHIFTS[:2]:
            self.register(shift)
            self.approve(shift)
        self.deploy(SHIFTS[0])
        self.follower = Follower(self.store, [NAME], every_s=0.0)
        self.running = self.live

    def teardown(self) -> None:
        self.disk.heal()
        if hasattr(self, "follower"):
            self.follower.close()
        shutil.rmtree(self.folder)

    @property
    def pointer(self) -> Path:
        return self.store.root / NAME / "deployed.json"

    # -- what people do --------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.wrong)
    @rule(shift=st.sampled_from(SHIFTS))
    def register(self, shift: float) -> None:
        version = self.store.register(self.artefacts / str(shift), "ann", "x").version
        self.registered.add(version)
        self.corrupt.discard(version)

    @precondition(lambda self: not self.wrong)
    @rule(shift=st.sampled_from(SHIFTS))
    def approve(self, shift: float) -> None:
        version = self.versions[shift]
        possible = version in self.registered - self.approved - self.corrupt
        try:
            self.store.approve(NAME, version, "bob", "x")
        except ValueError:
            assert not possible
        else:
            assert possible
            self.approved.add(version)

    @precondition(lambda self: not self.wrong)
    @rule(shift=st.sampled_from((None, *SHIFTS)))
    def deploy(self, shift: float | None) -> None:
        version = self.shipped if shift is None else self.versions[shift]
        possible = version in self.approved - self.corrupt and version != self.live
        try:
            self.store.deploy(NAME, version, "ann", "x")
        except ValueError:
            assert not possible
        else:
            assert possible
            self.live = version
            self.pointers.append(self.pointer.read_bytes())

    @precondition(lambda self: not self.wrong)
    @rule(shift=st.sampled_from((None, *SHIFTS)), what=st.sampled_from(("write", "sync", "rename")), room=st.integers(0, 300))
    def deploy_on_a_bad_disk(self, shift: float | None, what: str, room: int) -> None:
        version = self.shipped if shift is None else self.versions[shift]
        if what == "write":
            self.disk.room = room
        else:
            self.disk.broken[what] = errno.EIO
        try:
            self.store.deploy(NAME, version, "ann", "x")
        except (ValueError, OSError):
            pass
        else:
            self.live = version
            self.pointers.append(self.pointer.read_bytes())
        self.disk.heal()

    # -- what happens to a registry --------------------------------------------------------------------------------

    @precondition(lambda self: "files" not in self.wrong)
    @rule(what=st.sampled_from(("root renamed", "root emptied", "pointer gone", "pointer torn", "model folder gone")))
    def damage(self, what: str) -> None:
        kept = self.folder / "kept"
        shutil.copytree(self.store.root, kept)
        if what.startswith("root"):
            shutil.rmtree(self.store.root)
            if what == "root emptied":
                self.store.root.mkdir()
        elif what == "model folder gone":
            shutil.rmtree(self.store.root / NAME)
        elif what == "pointer torn":
            self.pointer.write_bytes(self.pointers[-1][:30] if self.pointers else b"{")
        else:
            self.pointer.unlink(missing_ok=True)
        self.wrong |= {"files": kept, "what": what if "disk" not in self.wrong else ""}
        self.follower.poll()

    @precondition(lambda self: not self.wrong and len(set(self.seen)) > 1 and self.live not in self.corrupt)
    @rule(which=st.integers(0, 9))
    def put_an_old_pointer(self, which: int) -> None:
        """As from a stale cache: one that this follower has seen, before the present one."""
        self.poll()
        pointer = self.pointer.read_bytes()
        old = [raw for raw in self.seen if raw != pointer]
        self.pointer.write_bytes(old[which % len(old)])
        self.follower.poll()
        assert self.follower.current()[NAME].version == self.running
        self.pointer.write_bytes(pointer)

    @precondition(lambda self: "disk" not in self.wrong)
    @rule(code=st.sampled_from((errno.ESTALE, errno.EIO, errno.EACCES, 0)))
    def disturb(self, code: int) -> None:
        self.disk.broken["open"], self.disk.short = code, 5 if not code else 0
        self.wrong |= {"disk": code, "what": ""}
        self.follower.poll()

    @precondition(lambda self: self.wrong)
    @rule()
    def mend(self) -> None:
        self.disk.heal()
        if kept := self.wrong.get("files"):
            shutil.rmtree(self.store.root, ignore_errors=True)
            Path(str(kept)).rename(self.store.root)
        self.wrong.clear()

    @precondition(lambda self: not self.wrong)
    @rule(cut=st.integers(1, 60))
    def tear_the_log(self, cut: int) -> None:
        """Another program was killed while it wrote a line."""
        log = self.store.root / NAME / "ledger.jsonl"
        log.write_bytes(log.read_bytes() + b'{"at":"2026-11-30T00:00:00+00:00","deed":"deployed","version":"ffff'[:cut])

    @precondition(lambda self: not self.wrong)
    @rule(shift=st.sampled_from(SHIFTS))
    def corrupt_one(self, shift: float) -> None:
        version = self.versions[shift]
        card = self.store.root / NAME / version / "card.json"
        if version in self.registered - self.corrupt:
            card.write_bytes(card.read_bytes().replace(b'"seed": ', b'"seed": 1', 1))
            self.corrupt.add(version)

    # -- what operators do -----------------------------------------------------------------------------------------

    @rule()
    def poll(self) -> None:
        self.follower.poll()
        if not self.wrong and self.live not in self.corrupt:
            self.running = self.live
            self.seen.append(self.pointer.read_bytes())

    @precondition(lambda self: not self.wrong or self.wrong.get("what") in ("pointer gone", "pointer torn"))
    @rule()
    def restart(self) -> None:
        self.follower.close()
        self.seen.clear()
        self.follower = Follower(self.store, [NAME], every_s=0.0)
        model = self.follower.current()[NAME]
        if self.live in self.corrupt:
            assert isinstance(model, UnavailableModel) or model.version in self.approved - self.corrupt
            self.running = model.version
        else:
            self.running = self.live

    @invariant()
    def what_is_live_changes_by_a_deployment_only(self) -> None:
        if hasattr(self, "follower"):
            assert self.follower.current()[NAME].version == self.running
        if not self.wrong:
            assert self.store.deployed(NAME) == self.live
            states = {v.version: v.state for v in self.store.versions(NAME)}
            assert {version for version, state in states.items() if state != "pending"} == self.approved
            assert set(states) == self.registered | {self.shipped}


def test_a_few_random_histories() -> None:
    run_state_machine_as_test(Registry, settings=_settings(5, 30))


@pytest.mark.slow
def test_many_random_histories() -> None:
    run_state_machine_as_test(Registry, settings=_settings(40, 50))


def _settings(examples: int, steps: int) -> settings:
    return settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck))
