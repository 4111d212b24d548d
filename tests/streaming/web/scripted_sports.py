"""Made-up games of the other sports, so that their pages and graphics can be looked at without simulators: values in the shapes
that the sports publish, realistic enough to judge a picture by. ``python -m tests.streaming.web.scripted_sports PORT`` serves
all."""

from __future__ import annotations

import time
from typing import Any

from tests.streaming.web.scripted_base import HOP_S
from tests.streaming.web.scripted_f1 import Racing
from tests.streaming.web.scripted_mlb import Baseball
from tests.streaming.web.scripted_nfl import Football

GAMES: dict[str, type[Any]] = {"nfl": Football, "mlb": Baseball, "f1": Racing}


def play(hub: Any, games: list[Any], seconds: float = 3600.0) -> None:
    """Feed ``hub`` with all of them in real time."""
    for game in games:
        hub.attach(game.record, game.metrics)
    start = time.monotonic()
    while games[0].k * HOP_S < seconds:
        for game in games:
            outputs, events = game.step()
            if events:
                hub.report(events)
            hub.write(outputs, time.time_ns() // 1000)
        time.sleep(max(0.0, start + games[0].k * HOP_S - time.monotonic()))


if __name__ == "__main__":
    import sys
    import threading

    from streaming.web.gateway import serve
    from streaming.web.hub import Hub
    from tests.streaming.web.scripted import ScriptedMatch

    hub, now_us = Hub(), time.time_ns() // 1000
    everything = [kind(t0_us=now_us) for kind in GAMES.values()] + [ScriptedMatch(t0_us=now_us)]
    threading.Thread(target=play, args=(hub, everything), daemon=True).start()
    serve(hub, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
