"""The corpus once through every target, and a short time of fuzzing (docs/reliability.md, "Fuzzing")."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

import pytest

from tests.fuzz.runner import CORPUS, line, run
from tests.fuzz.small_corpus import inputs
from tests.fuzz.target import archived, joined, parted, signature, unarchived
from tests.fuzz.targets import every
from tests.waiting import contention

TARGETS = every()
#: s, of all targets together
FUZZ_S = float(os.environ.get("TOUCHLINE_FUZZ_S", "25"))
LONGEST_S = 5.0
#: of the corpus in the repository
MOST_BYTES = 500_000


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * name.startswith(("provider-", "session-"))) for name in TARGETS]
)
def test_the_corpus_is_accepted_or_refused(name: str) -> None:
    """Every input that a fuzzer found worth keeping; those called found-... once ended otherwise."""
    target = TARGETS[name]
    with contextlib.suppress(*target.refusals):  # what is compiled at the first use is not timed
        target.run(next(iter(target.seeds())))
    for path in inputs(name):
        began = time.monotonic()
        try:
            target.run(path.read_bytes())
        except target.refusals:
            pass
        took_s = time.monotonic() - began
        assert took_s < LONGEST_S or took_s < LONGEST_S * contention(), path


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_of_a_target_are_valid(name: str) -> None:
    """At least one of them is accepted, else the target tries nothing but its refusals."""
    target, accepted = TARGETS[name], 0
    for seed in target.seeds():
        try:
            target.run(seed)
            accepted += 1
        except target.refusals:
            pass
    assert accepted or name == "ledger"


def test_the_corpus_is_small_and_belongs_to_targets() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert files
    assert {path.parent.name for path in files} <= set(TARGETS)
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES


@pytest.mark.slow
def test_a_short_time_of_fuzzing_finds_nothing(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    (result,) = run(list(TARGETS), FUZZ_S, tmp_path, together=True)
    assert result.executions > 0, (tmp_path / "log-together.txt").read_text("utf-8", "replace")[-2000:]
    assert result.clean, line(result)


@pytest.mark.slow
def test_what_a_fuzzer_finds_is_kept_with_its_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fuzzers can fail: a target that raises on an input near its seed is found, by name, and the input is written."""
    pytest.importorskip("atheris")
    monkeypatch.setenv("TOUCHLINE_FUZZ_PLANTED", "1")
    (result,) = run(["planted"], 12, tmp_path)
    assert list(result.findings) == ["planted: ZeroDivisionError at "]
    assert any(path.name.startswith("crash-") for path in (tmp_path / "crashes" / "planted").iterdir())


def test_records_and_files_are_taken_apart_as_they_were_joined() -> None:
    assert parted(joined([b"a", b"", b"ccc"])) == [b"a", b"", b"ccc"]
    assert parted(b"\xff\xff\xff\xffab") == [b"ab"]
    assert unarchived(archived({"a.csv": b"1", "../b": b"2"})) == {"a.csv": b"1"}
    assert unarchived(b"\xc1") == {}


def test_a_finding_is_known_by_its_kind_and_place() -> None:
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads("{")
    assert signature(caught.value).startswith("JSONDecodeError at json/decoder.py:raw_decode:")
