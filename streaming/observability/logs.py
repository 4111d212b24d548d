"""The log of a process, on stderr: text for people or a JSON object a line for machines, with time, level, logger and place.

What a line is about goes into ``extra``: ``_log.warning("...", extra={"game": name, "partition": 3})``. Clients (Kafka, HTTP, AWS)
log warnings at the most detailed: their finer levels print requests, and with them logins.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from streaming.errors import BadInput

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("text", "json")
#: what a line is about, beside its message
FIELDS: Final = ("sport", "game", "partition", "model", "runner")
#: rooms of this program; every other logger is a client's
OURS: Final = ("streaming", "models", "features", "simulators")
#: a client that cannot reach its server repeats itself: the same line once in so many seconds
REPEAT_S: Final = 10.0
_MOST_REPEATED: Final = 1_000
HIDDEN: Final = "***"
_LOGIN: Final = re.compile(r"(?<=://)[^/\s@:]+:[^/\s@]+(?=@)")
_WORD: Final = re.compile(r"(?i)\b((?:\w*_)?(?:password|secret|token))(['\"]?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;)}\]]+)")

_secrets: set[str] = set()
#: tokens follow one another for as long as a process lives: the latest
_tokens: deque[str] = deque(maxlen=16)


def hide(secret: str, *, passing: bool = False) -> None:
    """From now on ``secret`` is replaced in every line, by whichever library it is logged. One that is ``passing`` is known until
    enough others have followed."""
    if len(secret) < 4:  # it would blot out ordinary words
        return
    if passing:
        _tokens.append(secret)
    else:
        _secrets.add(secret)


def without_secrets(text: str) -> str:
    """``text`` without known secrets, logins in addresses, and values of what is called a password, a secret or a token.

    >>> without_secrets("kafka://me:pass@host failed with sasl_password='x y'")
    'kafka://***@host failed with sasl_password=***'
    """
    for secret in sorted({*_secrets, *_tokens}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _WORD.sub(rf"\1\2{HIDDEN}", _LOGIN.sub(HIDDEN, text))


def timestamp(epoch_s: float) -> str:
    """UTC with milliseconds.

    >>> timestamp(0.25)
    '1970-01-01T00:00:00.250Z'
    """
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Formatter(logging.Formatter):
    """One record: time in UTC with milliseconds, level, logger, fields, message; behind it the traceback, if any."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form

    def format(self, record: logging.LogRecord) -> str:
        at = timestamp(record.created)
        fields = {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}
        message = without_secrets(record.getMessage())
        error = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info and record.exc_info[0] else ""
        error = without_secrets(error).rstrip()
        level = record.levelname.lower()
        if self.form == "json":
            line = {"time": at, "level": level, "logger": record.name, **fields, "message": message}
            return json.dumps(line | ({"error": error} if error else {}), ensure_ascii=False, default=str)
        place = "".join(f" {name}={value}" for name, value in fields.items())
        # one line a record, whatever a message has in it
        return f"{at} {level:<7} {record.name}{place}: " + " ".join(message.split("\n")) + (f"\n{error}" if error else "")


class _Once(logging.Filter):
    """Clients' lines, each at most once in ``REPEAT_S``, however their numbers differ."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._last_s: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if _is_ours(record.name):
            return True
        kind, now_s = (record.name, str(record.msg)[:200]), time.monotonic()
        with self._lock:
            if now_s - self._last_s.get(kind, -REPEAT_S) < REPEAT_S:
                return False
            if len(self._last_s) >= _MOST_REPEATED:
                self._last_s.clear()
            self._last_s[kind] = now_s
        return True


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what stderr is at the time of the line."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> object:
        return sys.stderr

    @stream.setter
    def stream(self, value: object) -> None:
        raise AttributeError("it is always stderr")


class _Clients(logging.Filter):
    """Lets clients' lines through once they are wanted."""

    def __init__(self, shown: bool) -> None:
        super().__init__()
        self.shown = shown

    def filter(self, record: logging.LogRecord) -> bool:
        return self.shown or _is_ours(record.name)


#: of the log that is configured
_clients: list[_Clients] = []


def on_air() -> None:
    """The process works until it is stopped: from now on what its clients warn of is shown. Before, it may still end with one
    sentence, which says the same in better words."""
    for found in _clients:
        found.shown = True


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in OURS


@contextmanager
def configured(level: str = "warning", form: str = "text", *, clients: bool = True) -> Iterator[None]:
    """The process logs so meanwhile. Without ``clients`` their lines are left out until ``on_air``: a command that ends with one
    sentence needs no others. ``BadInput`` for an unknown level or format."""
    if level not in LEVELS:
        raise BadInput(f"there is no log level {level!r}: {', '.join(LEVELS)}")
    if form not in FORMATS:
        raise BadInput(f"there is no log format {form!r}: {', '.join(FORMATS)}")
    handler = _Handler()
    handler.setFormatter(_Formatter(form))
    wanted = _Clients(clients)
    handler.addFilter(wanted)
    handler.addFilter(_Once())
    _clients.append(wanted)
    root, number = logging.getLogger(), getattr(logging, level.upper())
    before = [(log, log.level) for log in (root, *map(logging.getLogger, OURS))]
    root.setLevel(max(logging.WARNING, number))
    for name in OURS:
        logging.getLogger(name).setLevel(number)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        _clients.remove(wanted)
        for log, was in before:
            log.setLevel(was)
