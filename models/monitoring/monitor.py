"""The monitor of one model: its inputs, predictions, latency and outcomes."""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from typing import Any, Final

import msgspec
import numpy as np

from models.artefact import Card
from models.base import Floats
from models.monitoring.calibration import CalibrationDrift
from models.monitoring.profile import Drift, Profile, drift
from models.monitoring.sample import WINDOW, LatestRows, RowsByGame, Sample
from models.specs import SPECS

#: inputs are compared from so many rows on
MIN_ROWS: Final = 100
#: a feature is missing more often than in training when the difference exceeds this and chance
MISSING_ALERT: Final = 0.05
#: a prediction may take this long at its 99th percentile, us
SLOW_US: Final = 1_000.0


class Alert(msgspec.Struct, frozen=True):
    """A problem of a model, in one sentence."""

    model: str
    version: str
    kind: str
    reason: str


def profile_on(card: Card) -> Profile | None:
    """The training profile that a card carries; None on cards from before profiles."""
    found = card.metrics.get("profile")
    return None if found is None else msgspec.convert(found, Profile)


class ModelMonitor:
    """One thread may feed it while another reads. Another version starts anew, with its own profile and calibration."""

    def __init__(self, name: str, version: str, names: tuple[str, ...], profile: Profile | None) -> None:
        self.name, self._names = name, names
        self._lock = threading.Lock()
        self._reset(version, profile)

    def _reset(self, version: str, profile: Profile | None) -> None:
        self.version, self.profile = version, profile
        self.predictions = 0
        self.labelled = 0
        self.unlabelled = 0
        self.games: Counter[str] = Counter()
        self.calibration = CalibrationDrift()
        #: games with labelled predictions when the calibration drift was raised; 0: there is none
        self.raised_after_games = 0
        self._rows: Sample = RowsByGame() if self.name in SPECS and SPECS[self.name].by_game else LatestRows()
        self._took_us: deque[float] = deque(maxlen=WINDOW)
        #: number and total time of all timed predictions
        self.timed, self.timed_us = 0, 0.0

    def switch_version(self, version: str, profile: Profile | None) -> None:
        """Another version is live."""
        with self._lock:
            if version != self.version:
                self._reset(version, profile)

    def predicted(self, game: str, rows: Floats, took_us: float) -> None:
        """Count predictions for rows (B, F), which took ``took_us`` together; NaN: not measured."""
        with self._lock:
            self.predictions += len(rows)
            self._rows.add(game, rows)
            if not math.isnan(took_us):
                self._took_us.append(took_us)
                self.timed, self.timed_us = self.timed + 1, self.timed_us + took_us

    def outcome(self, game: str, answers: Floats, labels: Floats) -> None:
        """Count the outcome of predictions with the same labelling event: answers (B,) of two classes or (B, C) of more, labels
        (B,)."""
        predicted, observed = top_class(answers, labels)
        labelled = ~(np.isnan(predicted) | np.isnan(observed))
        with self._lock:
            self.unlabelled += int((~labelled).sum())
            if not labelled.any():
                return
            self.labelled += int(labelled.sum())
            self.games[game] += 1
            if self.calibration.outcome(predicted[labelled], observed[labelled]):
                self.raised_after_games = len(self.games)

    def add_unlabelled(self, predictions: int) -> None:
        """Count predictions that have no label and will have none."""
        with self._lock:
            self.unlabelled += predictions

    def drifts(self) -> list[Drift]:
        """The drift of every feature, worst first; none without a profile or with too few rows."""
        with self._lock:
            if self.profile is None or self.predictions < MIN_ROWS:
                return []
            rows, independent = self._rows.rows(), self._rows.independent()
        return drift(self.profile, rows, independent)

    def took_us(self, quantile: float) -> float:
        with self._lock:
            return float(np.quantile(np.array(self._took_us), quantile)) if self._took_us else math.nan

    def alerts(self, drifts: list[Drift] | None = None) -> list[Alert]:
        """All current problems."""
        found: list[tuple[str, str]] = []
        for each in self.drifts() if drifts is None else drifts:
            more = each.missing - each.missing_in_training
            if each.drifted and more > MISSING_ALERT:
                found.append(
                    (
                        "missing",
                        f"{each.feature} is missing in {each.missing:.0%} of rows, "
                        f"in training it was in {each.missing_in_training:.0%}",
                    )
                )
            elif each.drifted:
                found.append(
                    (
                        "input drift",
                        f"{each.feature} is not distributed as in training: PSI {each.psi:.2f}, more than {each.limit:.2f}",
                    )
                )
        predicted, observed, off = self.calibration.recent()
        if self.calibration.drifted:
            games = f"{self.raised_after_games} game{'' if self.raised_after_games == 1 else 's'}"
            found.append(
                (
                    "calibration",
                    f"{self.contradiction()}: {observed:.1%} observed, {predicted:.1%} predicted "
                    f"({off:+.1f} standard errors), found after {games}",
                )
            )
        slow = self.took_us(0.99)
        if slow > SLOW_US:
            found.append(("latency", f"the 99th percentile of a prediction is {slow:.0f} us, more than {SLOW_US:.0f}"))
        return [Alert(self.name, self.version, kind, reason) for kind, reason in found]

    def contradiction(self) -> str:
        """How outcomes contradict the predictions, without figures, which keep changing."""
        predicted, observed, _ = self.calibration.recent()
        return f"it happens {'more' if observed > predicted else 'less'} often than predicted"

    def report(self) -> dict[str, Any]:
        """Everything as plain values; null where unknown. ``said`` is the mean prediction, ``happened`` the observed share."""
        drifts = self.drifts()
        predicted, observed, off = self.calibration.recent()
        return {
            "model": self.name,
            "version": self.version,
            "predictions": self.predictions,
            "labelled": self.labelled,
            "outcomes": self.calibration.count,
            "unlabelled": self.unlabelled,
            "games": len(self.games),
            "profile": self.profile is not None,
            "calibration": {
                "said": _plain(predicted),
                "happened": _plain(observed),
                "standard_errors": _plain(off),
                "up": self.calibration.up,
                "down": self.calibration.down,
                "drifted": self.calibration.drifted,
                "raised_after_games": self.raised_after_games or None,
            },
            "features": [{**msgspec.to_builtins(d), "drifted": d.drifted} for d in drifts],
            "took_us": {
                "p50": _plain(self.took_us(0.5)),
                "p99": _plain(self.took_us(0.99)),
                "count": self.timed,
                "sum": self.timed_us,
            },
            "alerts": [msgspec.to_builtins(alert) for alert in self.alerts(drifts)],
        }


def top_class(answers: Floats, labels: Floats) -> tuple[Floats, Floats]:
    """(B,) probability and (B,) outcome of the second of two classes, or of the likeliest of several (the confidence that Guo et
    al. 2017 calibrate). NaN where there is no prediction or no label."""
    if answers.ndim == 1:
        return answers, labels
    answered = ~np.isnan(answers).any(axis=1)
    best = np.where(answered, np.argmax(np.nan_to_num(answers, nan=-1.0), axis=1), 0)
    probability = np.where(answered, np.take_along_axis(answers, best[:, None], axis=1)[:, 0], np.nan)
    return probability, np.where(np.isnan(labels) | ~answered, np.nan, (labels == best).astype(np.float64))


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
