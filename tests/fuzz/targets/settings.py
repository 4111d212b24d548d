"""Settings that a person writes: the settings file, variables of the environment, addresses and security of a broker, where a model
answers, ranges of dead letters."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from models.base import Feature
from models.serving.connect import connect
from streaming.cli import variables
from streaming.cli.app import COMMANDS, load_command
from streaming.cli.app import run as run_command_line
from streaming.errors import BadInput
from streaming.kafka import dead_letters, settings
from streaming.kafka.settings import ENVIRONMENT
from tests.fuzz import mutations
from tests.fuzz.target import Finding, Target, joined, mutated_parts, parted


def targets() -> Iterator[Target]:
    yield Target("kafka-settings", _kafka, _kafka_settings, (BadInput,), mutated_parts)
    yield Target("settings-file", _file, _files, (BadInput,), mutations.one)
    yield Target("settings-environment", _environment, _environments, (), mutated_parts)
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


# -- options -----------------------------------------------------------------------------------------------------------------

#: commands whose options are read: what they are called with has no meaning here
_READ = ("run", "serve", "dead", "models", "demo", "replay", "endpoint", "settings")


@cache
def _command(name: str) -> Any:
    return load_command(name)


def _files() -> list[bytes]:
    return [
        b'[log]\nlevel = "info"\nformat = "json"\n[run]\nsport = "soccer"\ncommit-ms = 200\n[dead.list]\nlimit = 3\n',
        b'[serve]\nport = 8081\nsource = "kafka://b"\ntokens = "t.toml"\nallowed_host = ["a.example"]\nbehind-proxy = true\n',
        b'["run"]\ncommit_ms = 5\n[models]\n[models.list]\n[endpoint]\nmodel-dir = "x"\n',
    ]


def _file(data: bytes) -> None:
    """A settings file, and the options of its commands as they turn out with it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "touchline.toml"
        path.write_bytes(data)
        defaults, log = variables.load(path, _command, list(COMMANDS))
    if not all(isinstance(value, str) for value in log.values()):
        raise Finding(f"the options of the log are no words: {log}")
    for name, section in defaults.items():
        _parsed(_command(name), section)


def _parsed(command: Any, section: dict[str, Any], depth: int = 0) -> None:
    """Parse the options of a command, without running it; a refusal is click's, with its sentence."""
    try:
        context = command.make_context(command.name, [], default_map=section, resilient_parsing=False)
        context.close()
    except Exception as error:
        if not hasattr(error, "format_message"):  # click's own, as streaming.cli.app tells them
            raise
        if not error.format_message():
            raise Finding("a refusal without a sentence") from None
    for word, below in (getattr(command, "commands", None) or {}).items():
        if depth < 3 and isinstance(section.get(word), dict):
            _parsed(below, section[word], depth + 1)


def _environments() -> list[bytes]:
    """Words of the command line, then variables."""
    return [
        joined(
            [b"settings run", b"TOUCHLINE_RUN_COMMIT_MS=5", b"TOUCHLINE_LOG_LEVEL=info", b"TOUCHLINE_KAFKA_SASL_PASSWORD=abcdefgh"]
        ),
        joined([b"settings serve --all", b"TOUCHLINE_SERVE_PORT=8081", b"TOUCHLINE_TOKENS=x.toml", b"TOUCHLINE_LOG_FORMAT=json"]),
        joined([b"settings dead list", b"TOUCHLINE_DEAD_LIST_LIMIT=3", b"TOUCHLINE_SETTINGS=missing.toml"]),
        joined([b"settings", b"TOUCHLINE_TRACE_SAMPLE=0.5", b"TOUCHLINE_ENDPOINT_TOKENS=secret-word-0"]),
    ]


def _environment(data: bytes) -> None:
    """``touchline settings`` and the parsing of a command under these variables: 0, or 2 and one sentence, and no secret."""
    parts = parted(data)[:12] or [b"settings"]
    words = parts[0].decode("utf-8", "replace").replace("\0", "").split()[1:6]
    found = {}
    for part in parts[1:]:
        name, equals, value = part.replace(b"\0", b"").decode("utf-8", "surrogateescape").partition("=")
        # a receiver of traces would be called
        if equals and name.startswith("TOUCHLINE_") and name != "TOUCHLINE_TRACES" and name.isascii():
            found[name] = value
    before = dict(os.environ)
    os.environ.update(found)
    out, err = StringIO(), StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command_line(["settings", *[word for word in words if not word.startswith("--s")]])
        for name in _READ:
            _parsed(_command(name), {})
    finally:
        os.environ.clear()
        os.environ.update(before)
    if code not in (0, 2) or (code == 2 and not err.getvalue().strip()):
        raise Finding(f"touchline settings ends with {code} and {err.getvalue()[:200]!r}")
    if any(len(value) > 7 and value in out.getvalue() for name, value in found.items() if name.endswith("_PASSWORD")):
        raise Finding("a secret is printed")
