"""What a clip system cuts: where a highlight begins and ends, how good it is, and why.

A sport names its reasons, each with a strength from 0 to 1; together they make the score as independent chances would,
1 - (1 - a)(1 - b)..., so that two good reasons beat one and no number of them passes 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Final

import msgspec

from features.moments import Moment

#: below this nothing is cut
LEAST_SCORE: Final = 0.3
#: highlights closer together than this are one clip
BRIDGE_S: Final = 2.0


class Highlight(msgspec.Struct, frozen=True, kw_only=True):
    """``start_s`` and ``end_s`` on the game's time axis, with the seconds before and after that a broadcast wants;
    ``reasons`` strongest first."""

    start_s: float
    end_s: float
    score: float
    label: str
    reasons: list[str]


def combined(reasons: Mapping[str, float]) -> float:
    """0..1; strengths outside are cut off, NaN counts nothing."""
    missed = 1.0
    for strength in reasons.values():
        if strength == strength:
            missed *= 1.0 - min(max(strength, 0.0), 1.0)
    return 1.0 - missed


def ramp(value: float, nothing: float, everything: float) -> float:
    """0 at or below ``nothing``, 1 at or above ``everything``, straight between; 0 for NaN."""
    if value != value:
        return 0.0
    return min(max((value - nothing) / (everything - nothing), 0.0), 1.0)


def cut(
    t_s: float, label: str, reasons: Mapping[str, float], *, before_s: float, after_s: float, not_before_s: float = 0.0
) -> Highlight | None:
    """The highlight around ``t_s``; ``None`` when the reasons do not add up to one."""
    score = combined(reasons)
    if score < LEAST_SCORE:
        return None
    strongest = sorted((k for k, v in reasons.items() if v > 0.0), key=lambda k: (-reasons[k], k))
    return Highlight(
        start_s=round(max(t_s - before_s, min(not_before_s, t_s)), 3), end_s=round(t_s + after_s, 3),
        score=round(score, 4), label=label, reasons=strongest,
    )  # fmt: skip


def value(
    t_s: float, label: str, reasons: Mapping[str, float], timing_s: tuple[float, float], *, not_before_s: float = 0.0
) -> str | None:
    """What ``game.highlight`` computes: the highlight around ``t_s`` as it goes on the wire, ``timing_s`` seconds before and after;
    ``None`` for the many events that make none."""
    before_s, after_s = timing_s
    found = cut(t_s, label, reasons, before_s=before_s, after_s=after_s, not_before_s=not_before_s)
    return to_value(found) if found is not None else None


def seen_s(moment: Moment) -> float:
    """When the event was by the tracking; as it was reported where it was not found there."""
    return moment.t_s + (moment.offset_s if isfinite(moment.offset_s) else 0.0)


def to_value(highlight: Highlight) -> str:
    """The value of ``game.highlight`` on the wire: a JSON object."""
    return msgspec.json.encode(highlight).decode()


def from_value(value: str) -> Highlight:
    """The inverse of :func:`to_value`; ``ValueError`` when it is something else."""
    try:
        return msgspec.json.decode(value, type=Highlight)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a highlight: {error}") from None


def reel(highlights: Iterable[Highlight]) -> list[Highlight]:
    """Clips in order of time: highlights that overlap or nearly touch become one, with the best one's label and score
    and everybody's reasons."""
    clips: list[Highlight] = []
    for new in sorted(highlights, key=lambda h: (h.start_s, h.end_s)):
        if not clips or new.start_s > clips[-1].end_s + BRIDGE_S:
            clips.append(new)
            continue
        last = clips[-1]
        best, other = (last, new) if last.score >= new.score else (new, last)
        clips[-1] = Highlight(
            start_s=last.start_s, end_s=max(last.end_s, new.end_s), score=best.score, label=best.label,
            reasons=[*best.reasons, *(r for r in other.reasons if r not in best.reasons)],
        )  # fmt: skip
    return clips
