"""With which state a job begins: the newest of its own group, and never quietly without."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streaming.errors import BadInput
from streaming.flink.rest import Refused, Rest
from streaming.kafka.settings import parse
from streaming.runners.flink import checkpoints, start
from streaming.runners.flink.job import Plan
from streaming.runners.flink.start import begin

PLAN = Plan(address=parse("kafka://127.0.0.1:9", environment={}), sport="soccer", rest=("127.0.0.1", 9), group="g/1")
FOLDER = "g_2f_1-soccer"
JOB = "1f" * 16


class FakeCluster(Rest):
    """A cluster that keeps its state below ``folder`` and knows ``listed`` jobs."""

    def __init__(self, folder: Path | str) -> None:
        super().__init__("http://127.0.0.1:9")
        base = folder.as_uri() if isinstance(folder, Path) else folder
        self.config = {
            "execution.checkpointing.dir": f"{base}/checkpoints/",
            "execution.checkpointing.savepoint-dir": f"{base}/saved",
        }
        self.listed: list[tuple[str, str, str]] = []
        self.latest: dict[str, Any] = {}

    def get(self, path: str) -> Any:
        if path == "/jobmanager/config":
            return [{"key": key, "value": value} for key, value in self.config.items()]
        if path == "/jobs/overview":
            return {
                "jobs": [
                    {"jid": job, "name": name, "state": state, "start-time": 0, "end-time": 5, "duration": 5}
                    for job, name, state in self.listed
                ]
            }
        job = path.split("/")[2]
        if job not in self.latest:
            raise Refused("gone", 404)
        return {"latest": self.latest[job]}


@pytest.fixture
def cluster(tmp_path: Path) -> FakeCluster:
    (tmp_path / "checkpoints").mkdir()
    return FakeCluster(tmp_path)


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records the group has used."""
    found = [4_536]
    monkeypatch.setattr(start, "used_records", lambda *_: found[0])
    return found


def kept(path: Path, number: int, at_s: float = 1_796_048_733.0, raw: bytes | None = None) -> str:
    """A checkpoint or savepoint as Flink leaves it."""
    path.mkdir(parents=True)
    (path / "_metadata").write_bytes(struct.pack(">IIq", 0x4960672D, 4, number) + b"..." if raw is None else raw)
    os.utime(path / "_metadata", (at_s, at_s))
    return path.as_uri()


def sentence(plan: Plan, cluster: Rest, **options: Any) -> str:
    with pytest.raises(BadInput) as refused:
        begin(plan, cluster, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_group_that_has_used_records_does_not_begin_without_their_state(cluster, used, tmp_path):
    path = kept(tmp_path / "checkpoints" / FOLDER / JOB / "chk-12", 12)
    assert sentence(PLAN, cluster) == (
        "group g/1 has used 4,536 records of telemetry.soccer, and the state of their games is missing: go on from its newest "
        f"checkpoint, {path} of 2026-11-30 14:25:33 UTC, with --from-checkpoint newest, or begin without it with --fresh, "
        "which makes dead letters of what follows of those games"
    )


def test_sentence_names_the_folder_where_nothing_is_found(cluster, used, tmp_path):
    found = sentence(PLAN, cluster)
    assert f"--savepoint (none is in {tmp_path.as_uri()}/checkpoints/{FOLDER})" in found
    assert "--fresh" in found


def test_sentence_names_a_folder_that_is_not_on_this_machine(used):
    found = sentence(PLAN, FakeCluster("s3://bucket/touchline"))
    assert f"its checkpoints are in s3://bucket/touchline/checkpoints/{FOLDER}, which this machine does not see" in found


def test_new_group_begins_at_once(cluster, used):
    used[0] = 0
    found = begin(PLAN, cluster)
    assert (found.plan.savepoint, found.notes, found.running, found.checkpoint) == ("", [], None, -1)
    assert found.plan.checkpoints.endswith(f"/checkpoints/{FOLDER}"), "and keeps its state in a folder of its own"


def test_fresh_begins_without_state_and_names_what_it_skips(cluster, used, tmp_path):
    kept(tmp_path / "checkpoints" / FOLDER / JOB / "chk-12", 12)
    found = begin(PLAN, cluster, fresh=True)
    assert (found.plan.savepoint, found.checkpoint) == ("", -1)
    (note,) = found.notes
    assert note.startswith("--fresh: 4,536 records that group g/1 has used are skipped")
    used[0] = 0
    assert begin(PLAN, cluster, fresh=True).notes == []


def test_newest_state_is_the_last_that_is_complete_whatever_its_kind(cluster, used, tmp_path):
    folder = tmp_path / "checkpoints" / FOLDER
    kept(folder / JOB / "chk-90", 90, 1_000.0)
    newest = kept(folder / ("2e" * 16) / "chk-7", 7, 2_000.0)  # of a later job, which began to count anew
    kept(folder / JOB / "chk-91", 91, 3_000.0, raw=b"\x49\x60")  # its JobManager died while it wrote
    kept(folder / JOB / "chk-92", 92, 3_000.0, raw=bytes(100))
    (folder / JOB / "chk-93").mkdir()
    kept(tmp_path / "checkpoints" / "other-soccer" / JOB / "chk-99", 99, 4_000.0)
    found = begin(PLAN, cluster, from_checkpoint="newest")
    assert (found.plan.savepoint, found.checkpoint) == (newest, 7)
    assert found.notes == [f"goes on from {newest} of 1970-01-01 00:33:20 UTC"]
    saved = kept(tmp_path / "saved" / FOLDER / "savepoint-1f1f1f-0a", 95, 5_000.0)
    assert begin(PLAN, cluster, from_checkpoint="newest").plan.savepoint == saved


def test_group_without_a_past_begins_from_newest_as_new(cluster, used):
    """What is started again and again by a supervisor needs one command."""
    used[0] = 0
    assert begin(PLAN, cluster, from_checkpoint="newest").plan.savepoint == ""


def test_newest_of_an_ended_job_is_known_to_the_cluster_where_the_folder_is_not_seen(used):
    cluster = FakeCluster("s3://bucket")
    cluster.listed = [
        ("a", PLAN.title, "CANCELED"),
        ("b", PLAN.title, "FAILED"),
        ("c", "another", "FAILED"),
        ("d", PLAN.title, "FINISHED"),
    ]
    chk = {"external_path": "s3://bucket/chk-3", "latest_ack_timestamp": 3_000, "id": 3, "discarded": False}
    cluster.latest = {
        "a": {"completed": chk, "savepoint": None},
        "c": {"completed": chk | {"external_path": "s3://bucket/other/chk-9", "latest_ack_timestamp": 9_000}},
        "d": {"completed": chk | {"external_path": "s3://bucket/chk-8", "latest_ack_timestamp": 8_000}},
    }
    assert begin(PLAN, cluster, from_checkpoint="newest").plan.savepoint == "s3://bucket/chk-3", "a job that finished kept none"


def test_path_that_is_given_is_taken(cluster, used, tmp_path):
    path = kept(tmp_path / "anywhere", 31)
    found = begin(msgspec.structs.replace(PLAN, savepoint=path), cluster)
    assert (found.plan.savepoint, found.checkpoint) == (path, 31)
    assert begin(msgspec.structs.replace(PLAN, savepoint="s3://b/chk-12"), cluster).checkpoint == 12
    assert begin(msgspec.structs.replace(PLAN, savepoint="s3://b/savepoint-1-2"), cluster).checkpoint is None


def test_second_job_of_a_group_on_the_cluster_is_refused_or_the_first_is_watched(cluster, used):
    cluster.listed = [("a1", PLAN.title, "RUNNING")]
    assert sentence(PLAN, cluster).startswith("job a1 of group g/1 runs soccer on http://127.0.0.1:9 already")
    assert "job a1" in sentence(PLAN, cluster, fresh=True)
    watched = begin(PLAN, cluster, from_checkpoint="newest").running
    assert watched is not None
    assert watched.id == "a1"
    used[0] = 0
    assert begin(msgspec.structs.replace(PLAN, group="other"), cluster).running is None


def test_cluster_that_keeps_nothing_on_disk_is_reported(cluster, used):
    cluster.config, used[0] = {}, 0
    (note,) = begin(PLAN, cluster).notes
    assert "keeps no checkpoints on disk (set execution.checkpointing.dir)" in note


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"from_checkpoint": "oldest"}, "--from-checkpoint takes newest"),
        ({"from_checkpoint": "newest", "fresh": True}, "a job begins in one way"),
    ],
)
def test_ways_to_begin_exclude_each_other(cluster, used, options, words):
    assert words in sentence(PLAN, cluster, **options)
    if options.get("fresh"):
        assert words in sentence(msgspec.structs.replace(PLAN, savepoint="x"), cluster, fresh=True)


def test_number_of_a_state_that_is_not_there_is_unknown(tmp_path):
    assert checkpoints.number_of((tmp_path / "no").as_uri()) is None
