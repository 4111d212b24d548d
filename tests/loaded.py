"""Imported by the process from which operators of tests are forked: it does what an operator does before it goes on the air, once
for all of them."""

from __future__ import annotations

import pytest  # a forked process imports the main module again
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

import streaming.cli.app
import streaming.cli.run
import streaming.cli.run_files
import streaming.kafka.publisher
import streaming.observability.disk
import streaming.observability.monitor
import streaming.runners.kafka.condition
import streaming.runners.kafka.runner
import streaming.sources.kafka
from features.core.compiled import load_all
from simulators.catalogue import simulators
from streaming.factory import ORIGINS, maker, models_of, prepare, sport_named

__all__ = ["CooperativeStickyAssignor", "KafkaAdminClient", "KafkaConsumer", "KafkaProducer", "pytest", "streaming"]

#: of the others everything is loaded, and no game is played: their tests measure no time
REHEARSED = "soccer"

for _sport in simulators():
    for _origin in ORIGINS:
        models_of(sport_named(_sport), origin=_origin)
with maker() as _make:
    prepare(REHEARSED, _make)
load_all()
