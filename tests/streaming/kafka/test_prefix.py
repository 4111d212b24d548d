"""The topics' prefix: what an address may say, and that nothing on a broker is called without it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from streaming.errors import BadInput
from streaming.kafka.dead_letters import DeadLetterReader
from streaming.kafka.settings import parse
from streaming.kafka.subscriber import KafkaSubscriber
from streaming.runners.kafka.runner import KafkaRunner
from streaming.web.hub import Hub
from tests.paths import ROOT
from tests.streaming.toy import final_only

URL = "kafka://a:1,b:2/?topic_prefix=staging."


def test_prefix_of_the_address_goes_before_that_of_file_and_environment(tmp_path):
    file = tmp_path / "kafka.toml"
    file.write_text('topic_prefix = "file."')
    variable = {"TOUCHLINE_KAFKA_TOPIC_PREFIX": "variable."}
    assert parse(URL, file, variable).topic_prefix == "staging."
    assert parse("kafka://a", file, variable).topic_prefix == "file."
    assert parse("kafka://a", None, variable).topic_prefix == "variable."
    assert parse("kafka://a", None, {}).topic_prefix == ""
    assert parse("kafka://a/?topic_prefix=", file, {}).topic_prefix == "", "none, said explicitly"
    found = parse(URL, environment={})
    assert (found.servers, found.text) == (("a:1", "b:2"), URL)
    assert parse(found.text, environment={}) == found
    assert (found.topic("stats.nfl"), found.group("touchline")) == ("staging.stats.nfl", "staging.touchline")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("topic_prefix=stag", "a dot at its end"),
        ("topic_prefix=a%20b.", "a dot at its end"),
        ("topic_prefix=.", "a dot at its end"),
        ("topic_prefix=" + "a" * 100 + ".", "a dot at its end"),
        ("topicprefix=a.", "has no topicprefix"),
        ("sasl_password=geheim", "has no sasl_password"),
        ("x", "is no part of a Kafka address"),
    ],
)
def test_bad_prefix_is_one_sentence(query, words):
    with pytest.raises(BadInput, match=words) as found:
        parse(f"kafka://a/?{query}", environment={})
    assert "geheim" not in str(found.value)


def test_topics_and_groups_of_every_reader_and_writer_have_the_prefix():
    address = parse(URL, environment={})
    reader = KafkaSubscriber(address, ["soccer"], Hub())
    assert reader.topics
    assert all(topic.startswith("staging.") for topic in reader.topics)
    assert {topic.removeprefix("staging.") for topic in reader.topics} == set(
        KafkaSubscriber(parse("kafka://a", environment={}), ["soccer"], Hub()).topics
    )
    runner = KafkaRunner(address, "soccer", final_only)
    assert runner.group == "staging.touchline"
    assert runner.name.startswith("staging.touchline-")
    assert DeadLetterReader(address, "soccer").group == "staging.touchline-dead-replay"


#: what is meant by these is a kind of record or a subscriber's address, and not a topic of a broker
LOGICAL = {
    "streaming/operator/quarantine.py",
    "streaming/operator/session.py",
    "streaming/recordings/capture.py",
    "streaming/web/hub.py",
    "streaming/web/schemas.py",
    "streaming/wire/messages.py",
    "streaming/runners/flink/keyed_game.py",  # the job puts the prefix before what the workers write
    "streaming/sinks/kafka.py",  # its producer does
    "streaming/kafka/ingress.py",
}
NAMES = {"telemetry", "games", "events", "stats", "positions", "predictions", "dead", "health", "snapshots", "outputs", "every"}


def unprefixed(path: Path) -> list[int]:
    """Lines where a topic is named outside any call of ``.topic`` and of what maps over it."""
    text = path.read_text()
    tree, lines = ast.parse(text), text.splitlines()
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "topics"
        and node.func.attr in NAMES
        and not any(word in lines[node.lineno - 1] for word in (".topic(", ".topic,", "name("))
    ]


def test_no_topic_is_named_without_the_prefix():
    found = {
        f"{name}:{line}"
        for path in (ROOT / "streaming").rglob("*.py")
        if (name := path.relative_to(ROOT).as_posix()) not in LOGICAL and name != "streaming/wire/topics.py"
        if not name.startswith("streaming/simulation/")  # a deployment without a prefix
        for line in unprefixed(path)
    }
    # these lines name several, and a later one puts the prefix before each
    several = {"streaming/kafka/access.py", "streaming/kafka/broker.py", "streaming/runners/kafka/runner.py"}
    assert {line for line in found if line.partition(":")[0] not in several} == set()
