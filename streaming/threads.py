"""A thread whose end does not go unnoticed: what it failed with is raised where its work is waited for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from streaming.errors import TouchlineError

_log = logging.getLogger(__name__)


class WatchedThread:
    """Does ``work`` in a daemon thread called ``name``. When that raises, ``failed`` is called in the same thread, for those who
    would otherwise wait on, and from then on ``check`` raises."""

    def __init__(self, work: Callable[[], object], name: str, failed: Callable[[], object] = lambda: None) -> None:
        self.name, self._work, self._failed = name, work, failed
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> WatchedThread:
        self._thread.start()
        return self

    def join(self, timeout_s: float | None = None) -> None:
        self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def check(self) -> None:
        """Raise what the thread has failed with: a ``TouchlineError`` as it is, anything else as one with a sentence."""
        if self.error is None:
            return
        if isinstance(self.error, TouchlineError):
            raise self.error
        raise TouchlineError(f"the thread {self.name!r} failed ({type(self.error).__name__}): the log says where") from self.error

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 (``check`` raises it)
            if not isinstance(error, TouchlineError):
                _log.exception("the thread %r failed", self.name)
            self.error = error
            self._failed()
