"""Every wait has an end, and every thread that ends is noticed: calls that wait without a limit, and threads that nothing looks
after, are found in the source. What is allowed is listed with the reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

#: calls of kafka-python that wait for a broker without an end, whatever is passed to them, and what takes their place
UNBOUNDED = {
    "partitions_for_topic": "streaming.kafka.offsets.partitions_of",
    "commit_transaction": "streaming.kafka.workarounds.commit",
    "send_offsets_to_transaction": "streaming.kafka.workarounds.send_offsets",
    "abort_transaction": "a new producer of the same name",
}
#: calls of kafka-python that wait without an end unless ``timeout_ms`` is passed, or have one that is too long for a live game
LIMITED = {"beginning_offsets", "end_offsets", "offsets_for_times", "position"}
#: objects of ours that have methods of these names
OURS = {"cluster", "_cluster", "producer", "manager", "_transaction_manager", "self"}

#: threads that are not a ``WatchedThread``: what notices their end
THREADS = {
    "streaming/threads.py": "is the WatchedThread",
    "streaming/observability/monitor.py": "the monitor no longer answers, which its probe notices",
    "streaming/kafka/tokens.py": "logs its error; the next request renews in its own thread",
    "streaming/web/cluster_poller.py": "its work never raises; a value that is not renewed shows its age",
    "streaming/cli/demo_games.py": "reports its error on the terminal and in the summary",
    "streaming/runners/flink/watchdog.py": "ends the process itself",
    "streaming/sources/pace.py": "hands its error to the reader",
    "streaming/bench/flink.py": "a timer, whose missing mark is an error of the benchmark",
    "streaming/bench/kafka.py": "a timer, which ends a process that does not start",
    "streaming/bench/kafka_peers.py": "reads standard input until its end, which it passes on",
    "models/registry/follow.py": "its work never raises; what is wrong is logged and shown",
    "models/serving/http_client.py": "one look-up, whose absence is an error of the next request",
    "models/serving/server.py": "hands its error to the block that waits for it",
}


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """Calls of methods: (call, the object's last name, the method)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on = node.func.value
            yield node, getattr(on, "attr", getattr(on, "id", "")), node.func.attr


def unlimited(tree: ast.AST) -> list[str]:
    found = []
    for call, on, method in calls(tree):
        named = {keyword.arg for keyword in call.keywords}
        if (method in UNBOUNDED and on not in OURS) or (method == "topics" and not call.args and on.endswith("consumer")):
            found.append(f"line {call.lineno}: {method} waits without an end; use {UNBOUNDED.get(method, 'partitions_of')}")
        if method in LIMITED and on.endswith("consumer") and "timeout_ms" not in named:
            found.append(f"line {call.lineno}: {method} without timeout_ms")
    return found


@pytest.mark.slow
def test_no_call_waits_for_a_broker_without_an_end():
    found = {path: lines for path, tree in modules("streaming") if (lines := unlimited(tree))}
    assert not found


@pytest.mark.parametrize(
    "line",
    ["self._consumer.topics()", "consumer.partitions_for_topic(t)", "p._producer.commit_transaction()", "consumer.end_offsets(x)"],
)
def test_call_without_an_end_is_found(line):
    assert unlimited(ast.parse(line))


def test_every_thread_is_looked_after():
    found = {
        path
        for path, tree in modules("streaming", "models", "features", "simulators")
        for _, on, method in calls(tree)
        if (on, method) in (("threading", "Thread"), ("threading", "Timer"))
    }
    assert found == set(THREADS), "a thread of its own needs a WatchedThread, or a line above that names what notices its end"
    assert all((ROOT / Path(path)).is_file() for path in THREADS)
