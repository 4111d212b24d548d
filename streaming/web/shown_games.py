"""Which games have series of their own on ``/metrics``: a bounded number of those that are on, the rest summed by sport.

A game keeps its place, its own or in the sum, as long as it is on. What a game in the sum has counted stays in the sum when it
ends, so that the sum is a counter as Prometheus expects it: it never falls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streaming.operator.metrics import OperatorMetrics
from streaming.web.game_cache import GameCache

#: games with series of their own
MOST: Final = 50
#: in the place of a game: all those without series of their own
OTHER_GAMES: Final = "(other games)"

#: ((sport, game), metrics)
Rows = list[tuple[tuple[str, str], OperatorMetrics]]


class ShownGames:
    """``keep_s``: after so long without a record or a report a game leaves; ``most``: games with series of their own."""

    def __init__(self, keep_s: float, most: int = MOST) -> None:
        self.keep_s, self.most = keep_s, most
        #: games that are on: whether each has series of its own
        self._own: dict[tuple[str, str], bool] = {}
        self._last: dict[tuple[str, str], OperatorMetrics] = {}
        self._ended: dict[str, OperatorMetrics] = {}

    def choose(self, games: Iterable[GameCache]) -> list[tuple[tuple[str, str], list[OperatorMetrics]]]:
        """((sport, game), its metrics) of the games that are on, as they began, and last those that are to be summed."""
        on = {
            (game.record.sport, game.game): game.metrics
            for game in games
            if game.record is not None and game.metrics is not None and game.silent_s <= self.keep_s
        }
        for gone in self._own.keys() - on.keys():
            if not self._own.pop(gone):
                self._ended[gone[0]] = summed([*self._sum_of(gone[0]), self._last.pop(gone)])
        free = self.most - sum(self._own.values())
        for game in on:
            if game not in self._own:
                self._own[game] = free > 0
                free -= 1
        rows = [(game, [metrics]) for game, metrics in on.items() if self._own[game]]
        self._last = {game: metrics for game, metrics in on.items() if not self._own[game]}
        for sport in sorted({sport for sport, _ in self._last} | self._ended.keys()):
            others = [metrics for game, metrics in self._last.items() if game[0] == sport]
            rows.append(((sport, OTHER_GAMES), [*self._sum_of(sport), *others]))
        return rows

    def _sum_of(self, sport: str) -> list[OperatorMetrics]:
        return [self._ended[sport]] if sport in self._ended else []


def summed(several: list[OperatorMetrics]) -> OperatorMetrics:
    """Counts and times added up; of the latest and the slowest run of a step, and of the lag, the greatest."""
    steps = tuple(dict.fromkeys(step for metrics in several for step in metrics.steps))
    out = OperatorMetrics(steps)
    place = {step: i for i, step in enumerate(steps)}
    lag_us = 0
    for metrics in several:
        for i, step in enumerate(metrics.steps):
            k = place[step]
            out.step_ns[k] += metrics.step_ns[i]
            out.step_calls[k] += metrics.step_calls[i]
            out.step_last_ns[k] = max(out.step_last_ns[k], metrics.step_last_ns[i])
            out.step_max_ns[k] = max(out.step_max_ns[k], metrics.step_max_ns[i])
        out.counts.update(metrics.counts.copy())
        out.windows += metrics.windows
        out.events += metrics.events
        out.window_latency.merge(metrics.window_latency)
        out.event_latency.merge(metrics.event_latency)
        lag_us = max(lag_us, metrics.watermark_lag_us)
    out.watermark_us, out.arrival_us = 1, 1 + lag_us
    return out
