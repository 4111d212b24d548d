"""State of the broker and of the Flink cluster behind a gateway: polled every two seconds, each in a thread of its own, so that
neither delays a request."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from models.latency import Latency
from streaming.errors import TouchlineError
from streaming.flink.poller import Cluster
from streaming.kafka.lag import GroupLag

POLL_S: Final = 2.0
_log = logging.getLogger(__name__)

T = TypeVar("T")


class SubscriberStatus(Protocol):
    """The state of the gateway's subscriber to a broker (``streaming.kafka.subscriber``)."""

    lag: dict[str, int]
    delay: Latency
    taken: int
    unreadable: int
    trouble: str

    @property
    def caught_up(self) -> bool: ...


class PolledValue(Generic[T]):
    """The last value, when it was read, and the problem since."""

    def __init__(self, where: str, read: Callable[[], T]) -> None:
        self.where, self.problem = where, ""
        self.value: T | None = None
        self._read, self._at_s = read, 0.0

    def poll(self) -> None:
        """Read the value; never raises."""
        try:
            self.value = self._read()
            self._at_s, self.problem = time.monotonic(), ""
        except TouchlineError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 - a fault of one part must not end the polling
            self.problem = f"reading {self.where} failed: {type(error).__name__}"
            _log.exception("reading %s failed", self.where)

    @property
    def age_s(self) -> float | None:
        """Since the value was read; None when it never was."""
        return None if self.value is None else time.monotonic() - self._at_s

    @property
    def current(self) -> T | None:
        """The value, unless the newest poll failed."""
        return None if self.problem else self.value


class ClusterPoller:
    """Polls each part in a thread of its own, so that one that hangs does not hide the other, from ``start`` to ``stop``."""

    def __init__(
        self,
        broker: str,
        lag: Callable[[], list[GroupLag]],
        reader: SubscriberStatus,
        flink: str = "",
        job: Callable[[], Cluster] | None = None,
        silent_limit_s: float = 0.0,
    ) -> None:
        self.reader = reader
        #: a game without a record for longer is a fault of its feed; 0: none is
        self.silent_limit_s = silent_limit_s
        self.kafka: PolledValue[list[GroupLag]] = PolledValue(broker, lag)
        self.flink: PolledValue[Cluster] | None = None if job is None else PolledValue(flink, job)
        self._over = threading.Event()

    def start(self) -> Self:
        for polled in (self.kafka, self.flink):
            if polled is not None:
                threading.Thread(target=self._run, args=(polled,), name="cluster poller", daemon=True).start()
        return self

    def stop(self) -> None:
        """No more polls; one that is under way is left to its timeout."""
        self._over.set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _run(self, polled: PolledValue[Any]) -> None:
        while not self._over.is_set():
            polled.poll()
            self._over.wait(POLL_S)

    def report(self) -> dict[str, Any]:
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
                    for g in self.kafka.value or ()
                ],
            },
            "flink": None if flink is None else _part(flink) | {"cluster": flink.value},
        }


def _part(polled: PolledValue[Any]) -> dict[str, Any]:
    return {"where": polled.where, "age_s": polled.age_s, "problem": polled.problem}
