"""Settings that a person writes: addresses and security of a broker, where a model answers, ranges of dead letters."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from models.base import Feature
from models.serving.connect import connect
from streaming.errors import BadInput
from streaming.kafka import dead_letters, settings
from streaming.kafka.settings import ENVIRONMENT
from tests.fuzz.target import Target, joined, mutated_parts, parted


def targets() -> Iterator[Target]:
    yield Target("kafka-settings", _kafka, _kafka_settings, (BadInput,), mutated_parts)
    yield Target("model-setting", _model, _model_settings, (ValueError,))
    yield Target("letter-ranges", _ranges, lambda: [b"1-5,9", b"0-0", b"3"], (ValueError, BadInput))


def _kafka(data: bytes) -> None:
    """An address, a settings file, and variables of the environment."""
    parts = parted(data)[:6]
    parts += [b""] * (2 - len(parts))
    environment = {}
    for part in parts[2:]:
        name, _, value = part.decode("latin-1").partition("=")
        environment[ENVIRONMENT + name] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kafka.toml"
        path.write_bytes(parts[1])
        found = settings.parse(parts[0].decode("utf-8", "surrogateescape"), path, environment)
    found.python()
    found.java()
    _ = found.text


def _kafka_settings() -> list[bytes]:
    toml = b'security_protocol = "SASL_SSL"\nsasl_mechanism = "PLAIN"\nsasl_username = "a"\nsasl_password = "b"\n'
    return [
        joined([b"kafka://localhost:9092,[::1]:9093/", toml]),
        joined([b"kafka://b", b"", b"SECURITY_PROTOCOL=SSL", b"SSL_CHECK_HOSTNAME=false"]),
    ]


def _model(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    if text.startswith(("http:", "unix:", "https:")):  # what is no address is a folder, which is another target's
        connect("fuzzed", text, None, (Feature("x", "m"),))


def _model_settings() -> list[bytes]:
    return [b"http://localhost:8090?deadline_ms=20&fallback=none", b"unix:/tmp/x.sock?model=m", b"https://x"]


def _ranges(data: bytes) -> None:
    dead_letters.parse_ranges(data.decode("latin-1"))
