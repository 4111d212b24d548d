"""An artefact that is saved over is the old one or the new one, whatever is killed when."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models import artefact, swap
from models.artefact import load, model_file, save
from tests.models.life_helpers import version_of

#: forks a process that saves two versions over each other, kills it at a random moment, and prints the version that is there;
#: fifty times
_KILLER = """
import itertools, os, random, signal, sys, time
from pathlib import Path
import msgspec
from models import artefact, swap
from models.calibration import Calibration
if sys.argv[2] == "renames":
    swap.exchange = lambda one, other: False
folder, chance = Path(sys.argv[1]), random.Random(5)
model = artefact.load(folder)
blob = artefact.model_file(folder).read_bytes()
cards = [msgspec.structs.replace(model.card, calibration=Calibration("platt", 1.0, b)) for b in (0.25, 0.5)]
for _ in range(50):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        for card in itertools.cycle(cards):
            artefact.save(folder, card, blob)
            os.write(writing, b".")
    os.read(reading, 1)
    time.sleep(chance.uniform(0.0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    print(artefact.load(folder).version, flush=True)
"""


def _version(name: str, shift: float, folder: Path) -> str:
    return version_of(name, shift, folder).version


@pytest.mark.parametrize("how", ["exchange", "renames"])
def test_saving_over_an_artefact_leaves_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "renames":  # as on a file system that cannot exchange names
        monkeypatch.setattr(swap, "exchange", lambda one, other: False)
    first = _version("nfl-yac", 0.25, tmp_path / "m")
    second = _version("nfl-yac", 0.5, tmp_path / "m")
    assert first != second
    assert load(tmp_path / "m").version == second
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_a_reader_finds_the_artefact_between_the_two_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """Where names cannot be exchanged, the process dies around the second rename."""
    monkeypatch.setattr(swap, "exchange", lambda one, other: False)
    old = _version("nfl-yac", 0.25, tmp_path / "m")
    new = _version("nfl-yac", 0.5, tmp_path / "n")
    card, blob = load(tmp_path / "n").card, model_file(tmp_path / "n").read_bytes()
    real, calls = os.rename, 0

    def rename(one: object, other: object) -> None:
        nonlocal calls
        calls += 1
        if calls == {"before": 1, "between": 2, "after": 9}[moment]:
            raise KeyboardInterrupt
        real(one, other)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "rename", rename)
    if moment == "after":
        save(tmp_path / "m", card, blob)
    else:
        with pytest.raises(KeyboardInterrupt):
            save(tmp_path / "m", card, blob)
    monkeypatch.setattr(os, "rename", real)
    assert load(tmp_path / "m").version == (new if moment == "after" else old)
    save(tmp_path / "m", card, blob)  # the next one clears up
    assert load(tmp_path / "m").version == new
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "n"]


def test_an_artefact_that_does_not_fit_on_the_disk_leaves_the_old_one(tmp_path: Path) -> None:
    old = _version("nfl-yac", 0.25, tmp_path / "m")
    card, blob = load(tmp_path / "m").card, model_file(tmp_path / "m").read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(blob) // 2, before[1]))
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            save(tmp_path / "m", card, blob)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert load(tmp_path / "m").version == old
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_what_killed_runs_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    _version("nfl-yac", 0.25, tmp_path / "m")
    for name, age_s in ((".m.old.part", 7200.0), (".m.new.part", 0.0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    _version("nfl-yac", 0.5, tmp_path / "m")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".m.new.part", "m"]


def test_a_reader_never_mixes_the_files_of_two_artefacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is exchanged between a reader's two files."""
    _version("nfl-yac", 0.25, tmp_path / "m")
    card, blob = load(tmp_path / "m").card, model_file(tmp_path / "m").read_bytes() + b"\n"
    new = artefact.version_of(card, blob)
    real, done = Path.read_bytes, []

    def read_bytes(path: Path) -> bytes:
        raw = real(path)
        if path.parent == tmp_path / "m" and not done:
            done.append(path)
            save(tmp_path / "m", card, blob)
        return raw

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert load(tmp_path / "m").version == new
    assert done


@pytest.mark.slow
@pytest.mark.parametrize("how", ["exchange", "renames"])
def test_fifty_kills_while_saving_lose_no_artefact(tmp_path: Path, how: str) -> None:
    versions = {_version("nfl-yac", shift, tmp_path / "m") for shift in (0.5, 0.25)}
    command = [sys.executable, "-c", _KILLER, str(tmp_path / "m"), how]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = done.stdout.split()
    assert len(found) == 50
    assert set(found) == versions  # each is whole, and it was killed in the middle of its work
