"""What can go wrong, as a caller would want to catch it.

    TouchlineError                  anything this program says on purpose; its text is one clear sentence
    |-- BadRecord(reason)           a record from outside that cannot be used: counted, kept as a dead letter, the game goes on
    |-- BadInput                    a file, folder, option or model that a person gave: the command ends with exit code 2
    |-- BadSnapshot                 a snapshot that does not fit this operator: the run stops before it loses anything
    `-- Unavailable                 a port, a service or an extra that is needed and is not there
        `-- InputLost               records that were waiting to be used have been deleted: the run stops and says which

Policy: records degrade and are counted; configuration and our own mistakes raise. ``GameOperator(strict=True)``, as the
tests build it, raises on bad records too.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager


class TouchlineError(Exception):
    """Base of all; ``str(error)`` is fit to be shown to a person."""


class BadRecord(TouchlineError):
    """A record that cannot be decoded or believed. ``reason`` is a short stable label for metrics."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class BadInput(TouchlineError):
    """Something a person handed over: a path, a provider, a sport, a recording, a model."""


class BadSnapshot(TouchlineError):
    """Wrong version, wrong game or damaged bytes."""


class Unavailable(TouchlineError):
    """A resource that is not there: busy port, missing extra, unreachable service."""


class InputLost(Unavailable):
    """The input was deleted under a reader's hands; the text says which part of it was not used."""


@contextmanager
def plugin_errors() -> Iterator[None]:
    """A plugin that is unknown, declared twice or no use is ``BadInput``; one whose import fails is ``Unavailable``."""
    from features.core.plugins import PluginError, PluginUnavailable

    try:
        yield
    except PluginUnavailable as error:
        raise Unavailable(str(error)) from error
    except PluginError as error:
        raise BadInput(str(error)) from None


def excerpt(value: object) -> str:
    """A value for a sentence: its beginning, where it is long or nested.

    >>> excerpt([1, "x" * 500])
    "[1, 'xxxxxxxxxxxx...xxxxxxxxxxxxx']"
    >>> excerpt(1 << 99_999)
    'a value of the type int'
    """
    try:
        return reprlib.repr(value)
    except (ValueError, RecursionError):  # a number of more digits than Python writes
        return f"a value of the type {type(value).__name__}"
