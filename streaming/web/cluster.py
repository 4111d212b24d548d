"""What the gateway knows of the broker and the Flink cluster behind it: asked every two seconds, by a thread of its own, so that
neither can hold up a request."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from streaming.errors import TouchlineError
from streaming.flink.poller import Cluster
from streaming.kafka.lag import GroupLag
from streaming.operator.latency import Latency

EVERY_S: Final = 2.0
_log = logging.getLogger(__name__)

T = TypeVar("T")


class Reader(Protocol):
    """What brings values here from a broker (``streaming.kafka.subscriber``)."""

    lag: dict[str, int]
    delay: Latency
    taken: int
    unreadable: int
    trouble: str

    @property
    def caught_up(self) -> bool: ...


class Answer(Generic[T]):
    """What was found the last time, when, and what is wrong since."""

    def __init__(self, where: str, ask: Callable[[], T]) -> None:
        self.where, self.problem = where, ""
        self.found: T | None = None
        self._ask, self._at_s = ask, 0.0

    def look(self) -> None:
        """Ask; never raises."""
        try:
            self.found = self._ask()
            self._at_s, self.problem = time.monotonic(), ""
        except TouchlineError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it was, the other questions go on
            self.problem = f"asking {self.where} failed: {type(error).__name__}"
            _log.exception("asking %s failed", self.where)

    @property
    def age_s(self) -> float | None:
        """Since it was found; None when it never was."""
        return None if self.found is None else time.monotonic() - self._at_s

    @property
    def now(self) -> T | None:
        """What was found, unless the newest question was not answered."""
        return None if self.problem else self.found


class ClusterPoller:
    """Asks each part in a thread of its own, so that one that hangs does not hide the other, from ``start`` to ``stop``."""

    def __init__(
        self,
        broker: str,
        lag: Callable[[], list[GroupLag]],
        reader: Reader,
        flink: str = "",
        job: Callable[[], Cluster] | None = None,
    ) -> None:
        self.reader = reader
        self.kafka: Answer[list[GroupLag]] = Answer(broker, lag)
        self.flink: Answer[Cluster] | None = None if job is None else Answer(flink, job)
        self._over = threading.Event()

    def start(self) -> Self:
        for answer in (self.kafka, self.flink):
            if answer is not None:
                threading.Thread(target=self._run, args=(answer,), name="cluster watch", daemon=True).start()
        return self

    def stop(self) -> None:
        """No more questions; one that is under way is left to its timeout."""
        self._over.set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _run(self, answer: Answer[Any]) -> None:
        while not self._over.is_set():
            answer.look()
            self._over.wait(EVERY_S)

    def told(self) -> dict[str, Any]:
        """As ``/api/operators`` has it."""
        reader, flink = self.reader, self.flink
        return {
            "gateway": {
                "lag": reader.lag,
                "caught_up": reader.caught_up,
                "taken": reader.taken,
                "unreadable": reader.unreadable,
                "delay_p50_us": reader.delay.quantile(0.5),
                "delay_p99_us": reader.delay.quantile(0.99),
                "problem": reader.trouble,
            },
            "kafka": _part(self.kafka)
            | {
                "groups": [
                    {"sport": g.sport, "group": g.group, "members": g.members, "lag": g.lag, "partitions": g.partitions}
                    for g in self.kafka.found or ()
                ],
            },
            "flink": None if flink is None else _part(flink) | {"cluster": flink.found},
        }


def _part(answer: Answer[Any]) -> dict[str, Any]:
    return {"where": answer.where, "age_s": answer.age_s, "problem": answer.problem}
