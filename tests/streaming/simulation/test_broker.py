"""The simulated broker is held to the real one: the same scripts of requests get the same answers and the same records."""

from __future__ import annotations

from typing import Any

import pytest
from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from streaming.kafka.broker import TopicGuard, admin
from streaming.kafka.offsets import committed
from streaming.runners.kafka.client import KafkaEffects
from streaming.simulation.broker import Broker
from streaming.simulation.deployment import quiet
from streaming.simulation.effects import SimulatedEffects, SimulatedGuard
from streaming.simulation.network import Weather
from streaming.simulation.tally import SPORT
from streaming.simulation.world import Process, World, virtual_time
from streaming.wire import topics
from tests.real_cluster import until
from tests.streaming.kafka.conftest import OwnSport, kafka, own_sport
from tests.streaming.simulation.requests import PARTITIONS, SCRIPTS

__all__ = ["kafka", "own_sport"]  # fixtures


class SimulatedSide:
    sport, group = SPORT, "script"

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.broker = Broker(self.world, Weather())
        for topic in topics.every(SPORT):
            self.broker.create(topic, PARTITIONS)
        self.process = Process(self.world, "script")
        self.effects = SimulatedEffects(self.process, self.broker)

    def reader(self, isolation_level: str) -> Any:
        return self.effects.open_reader(isolation_level)

    def put(self, topic: str, partition: int, value: bytes) -> None:
        self.broker.produce((topic, partition), [(b"game", value)])

    def delete(self, topic: str) -> None:
        self.broker.delete(topic)

    def sleep(self, delay_s: float) -> None:
        self.process.sleep(delay_s)

    def guard(self, topic: str) -> Any:
        return SimulatedGuard(self.process, self.broker, topic)

    def committed(self, here: TopicPartition) -> int | None:
        return self.broker.group(self.group).offsets.get((here.topic, here.partition))

    def run(self, script: Any) -> list[str]:
        found: list[str] = []
        ended = False

        def work() -> None:
            nonlocal ended
            found.extend(script(self))
            ended = True

        with virtual_time(self.world), quiet():
            self.process.spawn(work)
            self.world.run(300.0, lambda: ended)
            assert not self.world.failures, self.world.failures
            assert ended, "it hangs"
            self.process.kill()
        return found


class RealSide:
    def __init__(self, own: OwnSport) -> None:
        self.own, self.sport, self.group = own, own.name, own.name
        own.make(PARTITIONS)
        self.effects = KafkaEffects(own.address)

    def reader(self, isolation_level: str) -> Any:
        return KafkaConsumer(**self.own.address.python(), enable_auto_commit=False, isolation_level=isolation_level)

    def put(self, topic: str, partition: int, value: bytes) -> None:
        self.own.put(topic, "game", value, partition=partition)

    def delete(self, topic: str) -> None:
        with admin(self.own.address) as client:
            client.delete_topics([topic])
            until(lambda: topic not in client.list_topics(), "it is deleted")

    def sleep(self, delay_s: float) -> None:
        import time

        time.sleep(delay_s)

    def guard(self, topic: str) -> Any:
        return TopicGuard(self.own.address, topic)

    def committed(self, here: TopicPartition) -> Any:
        consumer = KafkaConsumer(**self.own.address.python(), group_id=self.group, enable_auto_commit=False)
        try:
            return committed(consumer, here)
        finally:
            consumer.close()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_simulated_broker_gives_the_answers_of_the_real_one(script, seed):
    assert SimulatedSide(seed).run(script) == SCRIPTS[script]


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_real_broker_gives_the_stored_answers(script, own_sport):
    assert script(RealSide(own_sport)) == SCRIPTS[script]
