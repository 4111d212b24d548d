"""Dead letters: reading them, and sending their records in again, each at most once.

What has been sent again is stored in a consumer group: the offset of the oldest letter that was not, and beside it, as the commit's
metadata, the stretches beyond that were. So a replay of one game's letters does not make the others' count as sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, Self

from streaming.errors import BadInput, BadRecord, Unavailable
from streaming.kafka.broker import MAX_MESSAGE_BYTES, broker_errors
from streaming.kafka.ingress import Ingress
from streaming.kafka.offsets import committed, end_offsets, partitions_of, short_of
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import patch_emptied_markers
from streaming.wire import topics
from streaming.wire.messages import Letter, decode_letter

#: the group that stores how far letters have been sent again
GROUP: Final = "touchline-dead-replay"
#: a broker takes so many bytes with a commit
MAX_METADATA: Final = 4096
TIMEOUT_S: Final = 30.0


class LetterPosition(NamedTuple):
    """Place of a letter."""

    topic: str
    partition: int
    offset: int


class StoredLetter(NamedTuple):
    """A letter, its place, and when it was written (microseconds)."""

    place: LetterPosition
    written_us: int
    letter: Letter


class LetterFilter(NamedTuple):
    """Which letters: of a game, and with a text in their reason or detail; empty is any."""

    game: str = ""
    reason: str = ""

    def has(self, letter: Letter) -> bool:
        if self.game and letter.game != self.game:
            return False
        return self.reason.lower() in f"{letter.reason} {letter.detail}".lower()


class DeadLetterReader:
    """The dead letters of a sport, as they are committed. A context manager that holds a connection."""

    def __init__(self, address: Address, sport: str, group: str = GROUP) -> None:
        self.address, self.sport, self.group = address, sport, address.group(group)
        #: letters that could not be read themselves
        self.unreadable = 0
        self._consumer: Any = None
        self._ends: dict[Any, int] = {}

    def __enter__(self) -> Self:
        from kafka import KafkaConsumer

        patch_emptied_markers()
        with broker_errors(self.address):
            self._consumer = KafkaConsumer(
                **self.address.python(),
                group_id=self.group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                fetch_max_wait_ms=50,
                max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
            )
            kinds = [self.address.topic(topics.dead(kind)) for kind in (topics.telemetry(self.sport), topics.events(self.sport))]
            found = partitions_of(self._consumer, kinds)
            here = [tp for kind in kinds for tp in found.get(kind, ())]
            self._consumer.assign(here)
            self._ends = end_offsets(self._consumer, here)
        return self

    def __exit__(self, *exc: object) -> None:
        self._consumer.close()

    def read(self, since: dict[tuple[str, int], int] | None = None) -> Iterator[StoredLetter]:
        """Every letter from ``since`` (by topic and partition; None: from the beginning) to what was the end on entering."""
        for here in self._ends:
            if since is None:
                self._consumer.seek_to_beginning(here)
            else:
                self._consumer.seek(here, since.get((here.topic, here.partition), 0))
        open_ends, until = dict(self._ends), time.monotonic() + TIMEOUT_S
        while open_ends:
            with broker_errors(self.address):
                open_ends = short_of(self._consumer, open_ends)
                polled = self._consumer.poll(timeout_ms=200) if open_ends else {}
            for here, records in polled.items():
                until = time.monotonic() + TIMEOUT_S
                for record in records:
                    if record.offset < self._ends[here] and (letter := self._letter(record.value)) is not None:
                        place = LetterPosition(here.topic, here.partition, record.offset)
                        yield StoredLetter(place, letter.arrival_us or record.timestamp * 1000, letter)
            if time.monotonic() > until:
                raise Unavailable(f"the broker at {self.address.text} sent no more dead letters for {TIMEOUT_S:.0f} s")

    def _letter(self, raw: bytes | None) -> Letter | None:
        try:
            return decode_letter(raw or b"")
        except BadRecord:
            self.unreadable += 1
            return None

    # -- sending again ---------------------------------------------------------------------------------------------

    def to_send(self, wanted: LetterFilter, again: bool = False) -> list[LetterPosition]:
        """Letters that are wanted and have not been sent again yet (``again``: even then)."""
        sent = self._sent()
        return [
            found.place
            for found in self.read()
            if wanted.has(found.letter) and _whole(found.letter) and (again or not was_replayed(sent, found.place))
        ]

    def send(self, places: Iterable[LetterPosition], ingress: Ingress) -> int:
        """Send the records of the letters at ``places`` in again, under their games' keys; then store that they were. How many."""
        chosen, sent = set(places), self._sent()
        done: dict[tuple[str, int], list[tuple[int, bool]]] = {(here.topic, here.partition): [] for here in self._ends}
        for found in self.read():
            known = found.place in chosen or was_replayed(sent, found.place)
            done[found.place[:2]].append((found.place.offset, known))
        commits = {key: format_ranges(offsets, self._end(key)) for key, offsets in done.items()}
        if any(len(text) > MAX_METADATA for _, text in commits.values()):
            raise BadInput("too many letters would be left between those that are sent: replay without --game or --reason")
        number = 0
        for found in self.read():
            if found.place in chosen:
                ingress.raw(found.letter.game, found.letter.payload)
                number += 1
        ingress.flush()
        self._keep(commits)
        return number

    def _end(self, key: tuple[str, int]) -> int:
        return next(end for here, end in self._ends.items() if (here.topic, here.partition) == key)

    def _sent(self) -> dict[tuple[str, int], list[tuple[int, int]]]:
        """By topic and partition: the stretches of offsets whose letters have been sent again."""
        found = {}
        with broker_errors(self.address):
            for here in self._ends:
                stored = committed(self._consumer, here, metadata=True)
                if stored is not None and stored.offset >= 0:
                    found[here.topic, here.partition] = [(0, stored.offset - 1), *parse_ranges(stored.metadata or "")]
        return found

    def _keep(self, commits: dict[tuple[str, int], tuple[int, str]]) -> None:
        from kafka.structs import OffsetAndMetadata, TopicPartition

        with broker_errors(self.address):
            self._consumer.commit({TopicPartition(*key): OffsetAndMetadata(*stored, -1) for key, stored in commits.items()})


def _whole(letter: Letter) -> bool:
    """Whether the letter has the record to send again: of one that was too long it has only the beginning."""
    return bool(letter.payload) and not letter.cut_from_bytes


def was_replayed(sent: dict[tuple[str, int], list[tuple[int, int]]], place: LetterPosition) -> bool:
    return any(first <= place.offset <= last for first, last in sent.get(place[:2], ()))


def format_ranges(letters: list[tuple[int, bool]], end: int) -> tuple[int, str]:
    """Of (offset, sent) in order: the offset of the first that was not sent (``end`` if none), and the stretches sent after it.

    >>> format_ranges([(0, True), (2, False), (3, True), (5, True), (6, False), (8, True)], 9)
    (2, '3-5,8')
    """
    start = next((offset for offset, sent in letters if not sent), end)
    stretches: list[list[int]] = []
    whole = False
    for offset, sent in letters:
        if offset < start:
            continue
        if sent and whole:
            stretches[-1][1] = offset
        elif sent:
            stretches.append([offset, offset])
        whole = sent
    return start, ",".join(str(a) if a == b else f"{a}-{b}" for a, b in stretches)


def parse_ranges(text: str) -> list[tuple[int, int]]:
    """The inverse of :func:`format_ranges`; empty for text of another format."""
    found = []
    for word in text.split(",") if text else ():
        first, _, last = word.partition("-")
        if first.isascii() and first.isdigit() and (not last or (last.isascii() and last.isdigit())):
            found.append((int(first), int(last or first)))
    return found
