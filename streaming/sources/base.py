"""Origins of records. A source has one game, or the messages of any number of games.

A kind of source is an entry point of the group ``touchline.sources``, under the scheme of its URLs: a function ``(url, options)
-> GameSource | FeedSource``. A path without a scheme is a recording, ``file://PATH``. docs/adding-a-source.md adds one. An
ingress is the other end of a feed, where a simulator or a stadium puts records in: an entry point of the group
``touchline.ingresses``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self, runtime_checkable

from features.core.plugins import PluginGroup
from streaming.errors import plugin_errors
from streaming.wire.records import Event, GameRecord, Telemetry

SOURCES: Final = PluginGroup("touchline.sources", "source")
INGRESSES: Final = PluginGroup("touchline.ingresses", "ingress")


@runtime_checkable
class GameSource(Protocol):
    """One game. ``text`` is what messages call the source."""

    text: str
    record: GameRecord

    def records(self, *, live: bool) -> Iterator[Telemetry | Event]:
        """The records in the order of arrival, from the beginning at each call. ``live``: a packet for each arrival, to be paced by
        it; else packets may be as long as is fast."""
        ...


@runtime_checkable
class FeedSource(Protocol):
    """Messages of any number of games of one ``sport``, as on its input topic."""

    text: str
    sport: str

    def messages(self, stop: threading.Event) -> Iterator[tuple[str, bytes, int]]:
        """(game, message as ``streaming.wire.feed`` encodes it, arrival in microseconds), in order within a game, from the first
        one kept until ``stop`` is set."""
        ...


class Ingress(Protocol):
    """Takes the records of games of one sport; a context manager, at whose end everything has arrived."""

    text: str

    def start(self, record: GameRecord) -> None: ...

    def send(self, record: Telemetry | Event) -> None: ...

    def end(self, game: str) -> None: ...

    def flush(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: Any) -> None: ...


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """What a command knows when it opens a source or an ingress: the ``sport``, a file of a broker's security ``settings``, the
    number of ``partitions`` of topics made here, and whether an ingress packs samples to windows (``packed``)."""

    sport: str
    settings: Path | None = None
    partitions: int | None = None
    packed: bool = True


def source_kind(url: str) -> str:
    """The scheme of a source's URL, ``file`` for a path; ``BadInput`` with the known ones for an unknown one."""
    return _kind(SOURCES, url)


def open_source(url: str, options: SourceOptions) -> GameSource | FeedSource:
    """The source at ``url``. ``BadInput`` for an unknown kind, or for a URL that its source cannot take."""
    source: GameSource | FeedSource = _opening(SOURCES, url)(url, options)
    return source


def open_ingress(url: str, options: SourceOptions) -> Ingress:
    """The ingress at ``url``. ``BadInput`` as for a source."""
    ingress: Ingress = _opening(INGRESSES, url)(url, options)
    return ingress


def _kind(group: PluginGroup, url: str) -> str:
    scheme, separator, _ = url.partition("://")
    kind = scheme if separator else "file"
    with plugin_errors():
        group.find(kind)
    return kind


def _opening(group: PluginGroup, url: str) -> Callable[[str, SourceOptions], Any]:
    kind = _kind(group, url)
    with plugin_errors():
        opening = group.load(kind)
        if not callable(opening):
            raise group.misfit(kind, "is no function")
    function: Callable[[str, SourceOptions], Any] = opening
    return function
