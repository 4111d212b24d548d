"""An error of a thread is raised where the thread is waited for, and waiters for its work are released."""

from __future__ import annotations

import threading

import pytest

from streaming.errors import TouchlineError, Unavailable
from streaming.threads import WatchedThread


def test_thread_that_ends_well_raises_nothing():
    done: list[int] = []
    thread = WatchedThread(lambda: done.append(1), "good").start()
    thread.join(30)
    assert not thread.alive
    thread.check()
    assert done == [1]


def test_thread_that_fails_with_a_sentence_raises_it():
    def work() -> None:
        raise Unavailable("no broker answers")

    thread = WatchedThread(work, "watch over a topic").start()
    thread.join(30)
    with pytest.raises(Unavailable, match=r"^no broker answers$"):
        thread.check()


def test_thread_that_fails_with_a_bug_raises_a_sentence_and_releases_waiters(caplog):
    released = threading.Event()
    thread = WatchedThread(lambda: {}["absent"], "watch over a topic", released.set).start()
    assert released.wait(30)
    thread.join(30)
    for _ in range(2):  # as often as it is looked at
        with pytest.raises(TouchlineError, match=r"^the thread 'watch over a topic' failed \(KeyError\): the log says where$"):
            thread.check()
    assert "Traceback" in caplog.text
    assert "KeyError: 'absent'" in caplog.text
