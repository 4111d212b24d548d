"""One sentence for a commentator, in several languages: numbers, plurals and names put into a sport's templates.

A sport brings templates, one per language, with named fields: ``"{player} scores, worth {xgoals} xGoals."`` Values are
plain strings (names: never inflected, so templates are worded around them) or the small types below, which know how a
language writes them. Nothing here knows a sport.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any, Final, NamedTuple, Protocol, TypedDict

import msgspec

from features.common.airtime import Airtime, Budget, Candidate, chosen, note

LANGUAGES: Final = ("en", "de", "ru", "es")

_COMMA: Final = frozenset({"de", "ru", "es"})
_SCORE_DASH: Final = {"en": "–", "de": ":", "ru": ":", "es": "-"}


class Localised(Protocol):
    """A value that languages write differently."""

    def written(self, language: str) -> str: ...


@dataclass(frozen=True)
class Number:
    """``Number(0.123, 2)`` is 0.12 in English and 0,12 elsewhere; a sign is a real minus."""

    value: float
    digits: int = 0

    def written(self, language: str) -> str:
        text = f"{self.value:.{self.digits}f}"
        if float(text) == 0.0:
            text = text.lstrip("-")
        text = text.replace("-", "−")
        return text.replace(".", ",") if language in _COMMA else text


@dataclass(frozen=True)
class Percent:
    """A share of 1; English writes the sign close up, the others after a no-break space."""

    share: float

    def written(self, language: str) -> str:
        return f"{self.share * 100:.0f}" + ("%" if language == "en" else "\u00a0%")


@dataclass(frozen=True)
class Score:
    home: int
    away: int

    def written(self, language: str) -> str:
        return f"{self.home}{_SCORE_DASH[language]}{self.away}"


@dataclass(frozen=True)
class Counted:
    """A count with its noun: ``forms`` by language and plural category (see :func:`plural`)."""

    n: int
    forms: Mapping[str, Mapping[str, str]]

    def written(self, language: str) -> str:
        return f"{self.n} {self.forms[language][plural(self.n, language)]}"


def plural(n: int, language: str) -> str:
    """The CLDR plural category of a whole number: one and other; in Russian one, few and many.

    >>> plural(21, "ru"), plural(3, "ru"), plural(11, "ru")
    ('one', 'few', 'many')
    """
    if language != "ru":
        return "one" if n == 1 else "other"
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14:
        return "few"
    return "many"


def render(templates: Mapping[str, str], values: Mapping[str, str | Localised]) -> dict[str, str]:
    """The sentence in every language that ``templates`` has; ``KeyError`` when one wants a value that is missing."""
    sentences = {}
    for language, template in templates.items():
        words = {k: v if isinstance(v, str) else v.written(language) for k, v in values.items()}
        sentences[language] = template.format_map(words)
    return sentences


class Sentence(NamedTuple):
    """A sentence that an event could get: the key of its template and the values that this wants, how strong it is (0..1), whether
    it must go on air, and what it rests on (:mod:`features.common.basis`)."""

    topic: str
    values: Mapping[str, str | Localised]
    strength: float
    basis: Sequence[Mapping[str, Any]]
    must: bool = False

    def candidate(self) -> Candidate:
        return Candidate(self.strength, self.topic, self.must)


class Story(TypedDict, total=False):
    """The value of ``game.story``: the sentence by language (a sport may have others), the key of its template, how much it is
    worth (0..1), and what it rests on (:mod:`features.common.basis`), the event first."""

    en: str
    de: str
    ru: str
    es: str
    topic: str
    score: float
    basis: list[dict[str, Any]]


def value(
    templates: Mapping[str, Mapping[str, str]], offers: Sequence[Sentence], airtime: Airtime, budget: Budget, now_s: float
) -> dict[str, Any] | None:
    """What ``game.story`` computes: the sentence of ``offers`` that ``budget`` grants after what was on air (``airtime``).

    It is there by language, and beside it ``topic`` (the key of its template), ``score`` (0..1, how much it is worth) and
    ``basis``; ``None`` when there is nothing to put on air. ``KeyError`` when no template has the sentence's key.
    """
    at = chosen(airtime, budget, now_s, [offer.candidate() for offer in offers]) if offers else -1
    if at < 0:
        return None
    one = offers[at]
    basis = [dict(part) for part in one.basis]
    return {**render(templates[one.topic], one.values), "topic": one.topic, "score": round(one.strength, 4), "basis": basis}


def record(offers: Sequence[Sentence], airtime: Airtime, budget: Budget, now_s: float, event_id: str) -> None:
    """Record what :func:`value` decides. ``airtime`` changes, and is otherwise as it was for :func:`value`."""
    if offers:
        candidates = [offer.candidate() for offer in offers]
        note(airtime, budget, now_s, candidates, chosen(airtime, budget, now_s, candidates), event_id, nan)


def from_value(value: object) -> dict[str, str]:
    """The sentence by language of a value of ``game.story``, also of one that is JSON text, as in older recordings; ``ValueError``
    when it is something else."""
    try:
        found = msgspec.json.decode(value) if isinstance(value, str) else value
    except msgspec.DecodeError as error:
        raise ValueError(f"not a story: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"not a story: {type(found).__name__} instead of an object")
    sentences = {language: text for language, text in found.items() if language not in _BESIDE}
    if not sentences or not all(isinstance(text, str) for text in sentences.values()):
        raise ValueError("not a story: it has no sentence by language")
    return sentences


#: what a story's value has besides its sentences
_BESIDE: Final = frozenset({"topic", "score", "basis"})


@dataclass(frozen=True)
class Cue:
    """A line of a subtitle track, in seconds from the start of the video."""

    start_s: float
    end_s: float
    text: str


def to_webvtt(cues: Iterable[Cue]) -> str:
    """The cues, in order of their start, as a WebVTT file (W3C, "WebVTT: The Web Video Text Tracks Format").

    Text is escaped, line breaks become spaces. A cue that would begin before the video begins at 0; one that would be
    over by then, or has no length or text, is left out. ``ValueError`` on a time that is no number.
    """
    parts = ["WEBVTT\n"]
    for cue in sorted(cues, key=lambda c: (c.start_s, c.end_s)):
        if not (abs(cue.start_s) < _MOST_S and abs(cue.end_s) < _MOST_S):
            raise ValueError(f"a cue cannot run from {cue.start_s} s to {cue.end_s} s")
        start_ms, end_ms = max(round(cue.start_s * 1000), 0), round(cue.end_s * 1000)
        text = " ".join(cue.text.split())
        if end_ms <= start_ms or not text:
            continue
        for sign, escape in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, escape)
        parts.append(f"\n{_stamp(start_ms)} --> {_stamp(end_ms)}\n{text}\n")
    return "".join(parts)


_MOST_S: Final = 360_000.0


def _stamp(ms: int) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
