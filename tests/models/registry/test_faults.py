"""Faults of the registry beside running models: what is live stays, the problem is reported once, and the registry is taken up
again."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from models.base import digest_of
from models.registry.disk import Disk
from models.registry.follow import Follower
from models.registry.live import LIVE
from models.registry.live_metrics import live_metrics
from models.registry.store import Store
from models.unavailable import UnavailableModel
from streaming.cli.app import run
from tests.models.life_helpers import version_of
from tests.models.registry.conftest import NAME
from tests.models.registry.faulty_disk import FaultyDisk

Fault = Callable[[Store, FaultyDisk], Callable[[], None]]


def _moved(path: Path, put: Callable[[Path], object] = lambda path: None) -> Callable[[], None]:
    """Move ``path`` away, and ``put`` something in its place; the way back is returned."""
    aside = path.with_name(path.name + ".aside") if path.name != "registry" else path.with_name("aside")
    path.rename(aside)
    put(path)

    def back() -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        aside.rename(path)

    return back


def _written(path: Path, raw: bytes) -> Callable[[], None]:
    before = path.read_bytes()
    path.write_bytes(raw)
    return lambda: path.write_bytes(before) and None


def _broken(disk: FaultyDisk, code: int) -> Callable[[], None]:
    disk.broken["open"] = code
    return disk.heal


def _short(disk: FaultyDisk) -> Callable[[], None]:
    disk.short = 3
    return disk.heal


def _pointer(store: Store) -> Path:
    return store.root / NAME / "deployed.json"


def _unapproved(store: Store) -> Callable[[], None]:
    pointer = _pointer(store)
    folder = store.root.parent / "pending"
    version = version_of(NAME, 0.9, folder).version
    store.register(folder, "ann", "x")
    live = store.deployed(NAME) or ""
    return _written(pointer, pointer.read_bytes().replace(live.encode(), version.encode()))


FAULTS: dict[str, Fault] = {
    "root renamed": lambda s, d: _moved(s.root),
    "root emptied, as an unmounted folder": lambda s, d: _moved(s.root, Path.mkdir),
    "root is a file": lambda s, d: _moved(s.root, Path.touch),
    "model folder gone": lambda s, d: _moved(s.root / NAME),
    "model folder emptied": lambda s, d: _moved(s.root / NAME, Path.mkdir),
    "pointer unlinked": lambda s, d: _moved(_pointer(s)),
    "pointer empty": lambda s, d: _written(_pointer(s), b""),
    "pointer torn": lambda s, d: _written(_pointer(s), _pointer(s).read_bytes()[:40]),
    "pointer of zeros, as after a power cut": lambda s, d: _written(_pointer(s), bytes(100)),
    "pointer is a folder": lambda s, d: _moved(_pointer(s), Path.mkdir),
    "pointer to a version that is not approved": lambda s, d: _unapproved(s),
    "stale handles": lambda s, d: _broken(d, errno.ESTALE),
    "input/output errors": lambda s, d: _broken(d, errno.EIO),
    "no permission": lambda s, d: _broken(d, errno.EACCES),
    "partial reads": lambda s, d: _short(d),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_keeps_what_is_live_is_reported_once_and_ends(
    store: Store, disk: FaultyDisk, versions: list[str], caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    _, a, b = versions
    store.deploy(NAME, a, "ann", "x")
    follower = Follower(store, [NAME], every_s=0.0)
    try:
        model, stamp = follower.current()[NAME], follower.stamp
        mend = FAULTS[fault](store, disk)
        for _ in range(5):
            assert not follower.poll()
            assert follower.current()[NAME] is model
        assert follower.stamp == stamp
        assert follower.problems[NAME].startswith(f"{a} stays live: ")
        said = [record for record in caplog.records if record.name == "models.registry.live"]
        assert len(said) == 1, [record.getMessage() for record in said]
        assert [p.registry for p in LIVE.problems() if p.registry == str(store.root)] == [str(store.root)]
        mend()
        assert not follower.poll()
        assert not follower.problems
        assert not [p for p in LIVE.problems() if p.registry == str(store.root)]
        store.deploy(NAME, b, "ann", "x")
        assert follower.poll()
        assert follower.current()[NAME].version == b
    finally:
        follower.close()


def test_an_earlier_pointer_again_is_no_deployment_but_a_rollback_is(store: Store, versions: list[str]) -> None:
    _, a, b = versions
    follower = Follower(store, [NAME], every_s=0.0)
    store.deploy(NAME, a, "ann", "x")
    assert follower.poll()
    old = _pointer(store).read_bytes()
    store.deploy(NAME, b, "ann", "x")
    assert follower.poll()
    mend = _written(_pointer(store), old)  # as from a backup, or from a stale cache
    assert not follower.poll()
    assert "earlier deployment" in follower.problems[NAME]
    mend()
    assert not follower.poll()
    assert not follower.problems
    store.deploy(NAME, a, "ann", "roll back, within the same second")
    assert follower.poll()
    assert follower.current()[NAME].version == a
    follower.close()


def test_a_start_without_the_pointer_finds_what_was_deployed_last(store: Store, versions: list[str]) -> None:
    _, a, b = versions
    store.deploy(NAME, a, "ann", "x")
    store.deploy(NAME, b, "ann", "x")
    for damage in (Path.unlink, lambda path: path.write_bytes(b"{")):
        damage(_pointer(store))
        assert store.deployed(NAME) == b
        follower = Follower(store, [NAME], every_s=0.0)
        assert follower.current()[NAME].version == b
        assert "deployed last" in follower.problems[NAME]
        store.deploy(NAME, b, "ann", "the pointer again")  # the same version: it is written anew
        assert not follower.poll()
        assert not follower.problems
        follower.close()


def _corrupt(store: Store, version: str) -> None:
    card = store.root / NAME / version / "card.json"
    card.write_bytes(card.read_bytes().replace(b'"seed": ', b'"seed": 1', 1))


def test_one_corrupt_artefact_costs_that_model_and_not_the_start_of_the_others(
    store: Store, versions: list[str], tmp_path: Path
) -> None:
    shipped, a, b = versions
    other = "nfl-pressure"
    store.deploy(NAME, a, "ann", "x")
    store.deploy(NAME, b, "ann", "x")
    _corrupt(store, b)
    with Follower(store, [NAME, other], every_s=0.0) as follower:
        assert follower.current()[NAME].version == a  # what was live before
        assert not isinstance(follower.current()[other], UnavailableModel)
        assert f"{a} answers instead of {b}, which is deployed" in follower.problems[NAME]
        assert other not in follower.problems
    _corrupt(store, a)
    with Follower(store, [NAME, other], every_s=0.0) as follower:
        assert follower.current()[NAME].version == shipped
    _corrupt(store, shipped)
    with Follower(store, [NAME, other], every_s=0.0) as follower:
        assert isinstance(follower.current()[NAME], UnavailableModel)
        assert follower.problems[NAME].startswith("unavailable: the model in ")
        assert not isinstance(follower.current()[other], UnavailableModel)
        store.register(tmp_path / "m0.5", "ann", "copied in again")
        assert follower.poll()
        assert follower.current()[NAME].version == b
        assert not follower.problems


def test_a_torn_line_of_the_audit_log_costs_that_line(store: Store, versions: list[str]) -> None:
    _, a, b = versions
    log = store.root / NAME / "ledger.jsonl"
    store.deploy(NAME, a, "ann", "x")
    whole = log.read_bytes()
    last = whole.splitlines()[-1]
    for cut in range(1, len(last) + 1, 7):
        log.write_bytes(whole[:-cut] if cut > 1 else whole[:-1])
        assert store.deployed(NAME) == a
        entries = store.history(NAME)
        assert len(entries) == len(whole.splitlines()) - (cut > 1)
        assert store.damaged_lines(NAME) == (cut > 1)
        store.deploy(NAME, b, "ann", "x")
        assert [e.version for e in store.history(NAME)] == [*(e.version for e in entries), b]
        assert store.damaged_lines(NAME) == 0
        log.write_bytes(whole)
        store.deploy(NAME, a, "ann", "x")
        log.write_bytes(whole)
    log.write_bytes(whole.replace(b'"approved"', b'"appr', 1))  # in the middle: that line only
    assert len(store.history(NAME)) == len(whole.splitlines()) - 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("what", ["write", "sync", "rename"])
def test_a_deployment_that_fails_changes_nothing(store: Store, disk: FaultyDisk, versions: list[str], what: str, code: int) -> None:
    shipped, a, _ = versions
    before = {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}
    disk.broken[what] = code
    with pytest.raises(OSError, match=os.strerror(code)):
        store.deploy(NAME, a, "ann", "x")
    disk.heal()
    assert {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()} == before
    assert store.deployed(NAME) == shipped
    store.deploy(NAME, a, "ann", "x")
    store.deploy(NAME, "shipped", "ann", "back")


def test_a_disk_that_is_full_in_the_middle_of_a_line_blocks_nothing_later(
    store: Store, disk: FaultyDisk, versions: list[str]
) -> None:
    _, a, _ = versions
    log = store.root / NAME / "ledger.jsonl"
    before = log.read_bytes()
    for room in range(0, 400, 23):
        disk.room = room
        with pytest.raises(OSError, match="No space left"):
            store.deploy(NAME, a, "ann", "a long enough reason " * 15)
        disk.heal()
        assert log.read_bytes() == before
        assert sorted(path.name for path in log.parent.iterdir() if path.is_file()) == [".lock", "ledger.jsonl"]
    log.write_bytes(before + before[:77])  # another program was killed there
    store.deploy(NAME, a, "ann", "x")
    assert store.deployed(NAME) == a
    assert [e.action for e in store.history(NAME)][-2:] == ["approved", "deployed"]


def test_a_rename_that_a_server_has_done_and_reported_as_failed_is_done(
    store: Store, disk: FaultyDisk, versions: list[str]
) -> None:
    disk.lie = True
    assert store.deploy(NAME, versions[1], "ann", "x").state == "deployed"
    assert store.history(NAME)[-1].version == store.deployed(NAME) == versions[1]


def test_a_handle_that_is_stale_once_is_opened_again(store: Store, disk: FaultyDisk, versions: list[str]) -> None:
    disk.stale_once = True
    assert len(store.versions(NAME)) == 3


def test_switches_and_live_versions_are_counted_for_prometheus(store: Store, versions: list[str]) -> None:
    def samples(name: str) -> dict[tuple[str, ...], float]:
        families = {family.name: family for family in live_metrics()}
        return {tuple(s.labels.values()): s.value for s in families[name].samples if NAME in s.labels.values()}

    _, a, _ = versions
    before = samples("touchline_model_switches").get((NAME,), 0.0)
    one, two = (Follower(store, [NAME], every_s=0.0) for _ in range(2))  # one of simulated games, one of real ones
    store.deploy(NAME, a, "ann", "x")
    assert one.poll()
    assert two.poll()
    assert samples("touchline_model_switches")[NAME,] == before + 1
    assert (NAME, a) in samples("touchline_model_info")
    mend = _moved(_pointer(store))
    one.poll()
    assert [key[:2] for key in samples("touchline_model_registry_problem")] == [(str(store.root), NAME)]
    mend()
    one.poll()
    assert not samples("touchline_model_registry_problem")
    one.close()
    two.close()
    assert (NAME, a) not in samples("touchline_model_info")


def test_a_transform_that_fails_keeps_the_model_that_answers(store: Store, versions: list[str]) -> None:
    def picky(models: object) -> dict[str, object]:
        if models[NAME].version == versions[2]:  # type: ignore[index]
            raise RuntimeError("no room")
        return dict(models)  # type: ignore[call-overload]

    follower = Follower(store, [NAME], picky, every_s=0.0)  # type: ignore[arg-type]
    store.deploy(NAME, versions[2], "ann", "x")
    assert not follower.poll()
    assert follower.current()[NAME].version == versions[0]
    assert "no room" in follower.problems[NAME]
    store.deploy(NAME, versions[1], "ann", "x")
    assert follower.poll()
    follower.close()


def test_a_thread_that_follows_survives_whatever_happens(store: Store, disk: FaultyDisk, versions: list[str]) -> None:
    with Follower(store, [NAME], every_s=0.01) as follower:
        disk.broken["open"] = errno.ESTALE
        while not follower.problems:
            time.sleep(0.005)
        disk.heal()
        store.deploy(NAME, versions[1], "ann", "x")
        until_s = time.monotonic() + 30.0
        while follower.current()[NAME].version != versions[1] and time.monotonic() < until_s:
            time.sleep(0.005)
        assert follower.current()[NAME].version == versions[1]


def test_closing_does_not_wait_for_a_server_that_hangs(store: Store, versions: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, go_on = threading.Event(), threading.Event()

    class Hangs(Disk):
        def read(self, path: Path) -> bytes:
            if threading.current_thread().name == "deployed models":
                hanging.set()
                go_on.wait(60.0)
            return super().read(path)

    monkeypatch.setattr("models.registry.follow._CLOSE_S", 0.05)
    follower = Follower(Store(store.root, Hangs()), [NAME], every_s=0.001).start()
    assert hanging.wait(30.0)
    began_s = time.monotonic()
    follower.close()
    assert time.monotonic() - began_s < 20.0
    go_on.set()


def test_an_empty_registry_is_reported_and_its_first_deployment_is_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path / "registry")
    store.root.mkdir()
    with Follower(store, [NAME], every_s=0.0) as follower:
        follower.poll()
        assert [r.getMessage() for r in caplog.records if "holds no models" in r.getMessage()]
        version = version_of(NAME, 0.5, tmp_path / "m").version
        store.register(tmp_path / "m", "ann", "x")
        store.approve(NAME, version, "bob", "x")
        assert not follower.poll()
        store.deploy(NAME, version, "ann", "x")
        assert follower.poll()
        assert not LIVE.problems() or all(p.registry != str(store.root) for p in LIVE.problems())


@contextmanager
def _tiny_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of its own, or a skip where it cannot be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


def test_a_disk_that_is_really_full_refuses_in_one_sentence_and_recovers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = version_of(NAME, 0.5, tmp_path / "m").version
    with _tiny_disk(tmp_path / "disk", 400) as disk:
        at = ["--registry", str(disk)]
        assert run(["models", "register", str(tmp_path / "m"), "--by", "ann", *at]) == 0
        filler = disk / "filler"
        _fill(filler)
        log, codes = disk / NAME / "ledger.jsonl", set[int]()
        for _ in range(4):  # the last page of the log may still have room
            codes.add(run(["models", "approve", NAME, version, "--by", "ann", "--why", "x" * 1900, *at]))
        assert codes <= {0, 2}
        capsys.readouterr()
        assert run(["models", "deploy", NAME, version, "--by", "ann", *at]) == 2
        message = capsys.readouterr().err
        assert len(message.strip().splitlines()) == 1, message
        assert "Traceback" not in message
        assert log.read_bytes().endswith(b"\n")
        assert Store(disk).damaged_lines(NAME) == 0
        filler.unlink()
        history = Store(disk).history(NAME)
        if not any(e.version == version and e.action == "approved" for e in history):
            assert run(["models", "approve", NAME, version, "--by", "ann", "--why", "good", *at]) == 0
        assert run(["models", "deploy", NAME, version, "--by", "ann", *at]) == 0
        assert run(["models", "deploy", NAME, "shipped", "--by", "ann", *at]) == 0


def test_a_limit_on_the_size_of_files_leaves_the_audit_log_whole(store: Store, versions: list[str]) -> None:
    """The system itself fails in the middle of a line."""
    real = Store(store.root)
    log = store.root / NAME / "ledger.jsonl"
    before, limits = log.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 30, limits[1]))
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            real.deploy(NAME, versions[1], "ann", "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert log.read_bytes() == before
    real.deploy(NAME, versions[1], "ann", "x")
    assert digest_of(real.load(NAME, "deployed")).startswith(versions[1])
