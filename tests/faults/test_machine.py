"""A machine that fails: a full disk, a folder that is read-only, no descriptors left. Commands end with one sentence, and leave
nothing half-written."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

pytestmark = pytest.mark.slow

GAME = ["soccer", "--seed", "5", "--minutes", "0.5"]
#: less than any of the outputs below has
SMALL_BYTES = 20_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("machine") / "match"
    assert command("simulate", *GAME, "--out", str(path)) == (0, [])
    return path


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that nothing can be written to, by whoever runs this."""
    if os.geteuid() == 0:
        yield Path("/sys")  # rights do not bind root, the kernel's own file systems do
        return
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o555)
    yield folder
    folder.chmod(0o755)


def command(*arguments: str, file_bytes: int = 0, descriptors: int = 0) -> tuple[int, list[str]]:
    """The exit code and the sentences of a command on a machine whose files can grow to ``file_bytes`` (what a full disk is to a
    writer), and that has ``descriptors`` of them."""

    def limit() -> None:
        for kind, value in ((resource.RLIMIT_FSIZE, file_bytes), (resource.RLIMIT_NOFILE, descriptors)):
            if value:
                resource.setrlimit(kind, (value, value))

    ran = subprocess.run(
        [sys.executable, "-m", "streaming.cli", *arguments], cwd=ROOT, capture_output=True, text=True, preexec_fn=limit, timeout=600
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, [line for line in ran.stderr.splitlines() if line.startswith("touchline: ")]


@pytest.mark.parametrize("output", ["stats.parquet", "stats.jsonl"])
def test_full_disk_ends_a_replay_with_one_sentence(recording: Path, tmp_path: Path, output: str) -> None:
    code, sentences = command("replay", str(recording), "--out", str(tmp_path / output), file_bytes=SMALL_BYTES)
    assert code == 2
    (sentence,) = sentences
    assert output in sentence
    assert "File too large" in sentence
    assert list(tmp_path.iterdir()) == []


def test_full_disk_ends_a_simulation_with_one_sentence(tmp_path: Path) -> None:
    code, sentences = command("simulate", *GAME, "--out", str(tmp_path / "match"), file_bytes=SMALL_BYTES)
    assert (code, len(sentences)) == (2, 1)
    assert "File too large" in sentences[0]
    assert list(tmp_path.iterdir()) == []


def test_full_disk_ends_a_run_with_one_sentence(tmp_path: Path) -> None:
    source, sink = "simulator://soccer?seed=5&minutes=0.5", str(tmp_path / "stats.jsonl")
    code, sentences = command("run", "--source", source, "--sink", sink, file_bytes=SMALL_BYTES)
    assert (code, len(sentences)) == (2, 1)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_keeps_the_file_that_was_to_be_replaced(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "stats.jsonl"
    out.write_text("mine")
    assert command("replay", str(recording), "--out", str(out), "--force", file_bytes=SMALL_BYTES)[0] == 2
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("stats.jsonl", "mine")]


@pytest.mark.parametrize("arguments", [("simulate", *GAME), ("replay", "RECORDING")])
def test_read_only_folder_ends_with_one_sentence(recording: Path, read_only: Path, arguments: tuple[str, ...]) -> None:
    name = "touchline-stats.parquet" if arguments[0] == "replay" else "touchline-match"
    given = [str(recording) if word == "RECORDING" else word for word in arguments]
    code, sentences = command(*given, "--out", str(read_only / name))
    assert (code, len(sentences)) == (2, 1)
    assert name in sentences[0]
    assert not (read_only / name).exists()


@pytest.mark.parametrize("descriptors", [6, 8, 10])
def test_commands_do_with_few_descriptors_or_say_so(recording: Path, tmp_path: Path, descriptors: int) -> None:
    out = tmp_path / "stats.parquet"
    code, sentences = command("replay", str(recording), "--out", str(out), descriptors=descriptors)
    if code == 0:
        assert (sentences, [path.name for path in tmp_path.iterdir()]) == ([], ["stats.parquet"])
    else:
        assert (code, len(sentences)) == (2, 1)
        assert list(tmp_path.iterdir()) == []
