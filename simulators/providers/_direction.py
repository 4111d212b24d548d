"""The direction in which home attacks in each period: by the file, else by where keepers and teams stand, else by the shots.

A direction in the file is final. Only a plain contradiction refuses the file: keepers and teams, or all shots, at the other end.
Own goals and kicks of a shoot-out are struck at either end and do not count. A period without evidence takes the opposite of its
other half; without that its direction is 0, unknown, because extra time begins with a new toss.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.soccer.ledger import SHOOTOUT
from simulators.providers._stream import Side
from streaming.errors import BadInput
from streaming.wire.records import Event

Attack = Literal[-1, 0, 1]

#: a keeper counts when its usual place is this far from the centre; two teams count when their middles are this far apart
KEEPER_M = 15.0
APART_M = 3.0
#: a shot counts when it was struck at most this far from a goal line; a majority of so many shots contradicts the file, and one of
#: so many contradicts the file and the places of keepers and teams together
NEAR_M = 35.0
AGAINST, AGAINST_PLACES = 2, 3


def attack_by_positions(
    xyz_m: npt.NDArray[np.float64], team: npt.NDArray[np.int64], keeper: npt.NDArray[np.bool_]
) -> dict[str, Side]:
    """Home's direction by the places of one period: {"keepers": +1 or -1, "teams": +1 or -1}, each only where it is clear.

    ``xyz_m`` (T, N, >= 2) from the centre spot, ``team`` (N,) 0 home, 1 away, -1 neither, ``keeper`` (N,) True for keepers; of a
    team without a named keeper, the player furthest from the middle counts as the keeper.
    """
    x = xyz_m[:, :, 0]
    seen = np.isfinite(x)
    enough = seen.sum(axis=0) > 0
    usual = np.array([np.median(x[seen[:, n], n]) if enough[n] else np.nan for n in range(x.shape[1])])
    by_place: dict[str, Side] = {}
    votes = []
    for side, own in ((0, -1), (1, 1)):
        ours = np.flatnonzero((team == side) & enough)
        named = ours[keeper[ours]]
        # a keeper on the bench who warms up is not in goal: take the keeper with most samples
        at = (
            named[np.argmax(seen[:, named].sum(axis=0))]
            if len(named)
            else (ours[np.argmax(np.abs(usual[ours]))] if len(ours) > 1 else -1)
        )
        if at >= 0 and abs(usual[at]) >= KEEPER_M:
            votes.append(own * int(np.sign(usual[at])))
    if votes and len(set(votes)) == 1:
        by_place["keepers"] = 1 if votes[0] > 0 else -1
    middles = [x[:, (team == side) & ~keeper] for side in (0, 1)]
    if all(np.isfinite(part).any() for part in middles):
        ahead = float(np.nanmean(middles[1]) - np.nanmean(middles[0]))
        if abs(ahead) >= APART_M:
            by_place["teams"] = 1 if ahead > 0 else -1
    return by_place


def shot_votes(events: Iterable[Event], teams: tuple[str, str], length_m: float) -> dict[int, int]:
    """{period: votes for +1 less votes for -1} of the shots near a goal line; no own goals, no kicks of a shoot-out."""
    votes: dict[int, int] = {}
    for event in events:
        if event.type != "shot" or event.period >= SHOOTOUT or event.team not in teams or event.x_m is None:
            continue
        if abs(event.x_m) >= length_m / 2 - NEAR_M:
            side = (1 if event.x_m > 0 else -1) * (1 if event.team == teams[0] else -1)
            votes[event.period] = votes.get(event.period, 0) + side
    return votes


def directions(
    source: str,
    periods: Iterable[int],
    stated: Mapping[int, Side],
    places: Mapping[int, Mapping[str, Side]],
    shots: Mapping[int, int],
) -> dict[int, Attack]:
    """Home's direction in each of ``periods``; ``BadInput`` names ``source`` when it contradicts itself."""
    found: dict[int, Attack] = {}
    for period in periods:
        if period >= SHOOTOUT:
            found[period] = 0
            continue
        by_place, vote = dict(places.get(period, {})), shots.get(period, 0)
        if period in stated:
            found[period] = stated[period]
            against = len(by_place) == 2 and all(side != stated[period] for side in by_place.values())
            if against:
                raise BadInput(f"{source} contradicts itself: in period {period} keepers and teams stand at the wrong ends")
            if vote * stated[period] <= -(AGAINST_PLACES if by_place else AGAINST):
                raise BadInput(f"{source} contradicts itself: the shots of period {period} were at the wrong end")
            continue
        if len(set(by_place.values())) > 1:
            raise BadInput(
                f"{source} does not say which way home attacks in period {period}, and keepers and teams contradict each other"
            )
        if by_place:
            found[period] = next(iter(by_place.values()))
            if vote * found[period] <= -AGAINST_PLACES:
                raise BadInput(
                    f"{source} does not say which way home attacks in period {period}, and keepers and shots contradict each other"
                )
        elif vote:
            found[period] = 1 if vote > 0 else -1
    for period in periods:
        if period not in found:
            other = period + 1 if period % 2 else period - 1
            known = found.get(other, 0)
            found[period] = 0 if not known else -1 if known > 0 else 1
    return found


def direction_sources(
    periods: Iterable[int], stated: Mapping[int, Side], places: Mapping[int, Mapping[str, Side]], shots: Mapping[int, int]
) -> str:
    """The sources of the directions in words, for a game's provenance."""
    sources: list[tuple[str, str]] = []
    for period in periods:
        if period >= SHOOTOUT:
            continue
        if period in stated:
            source = "as the file says"
        elif places.get(period):
            source = "by where keepers and teams stand"
        elif shots.get(period):
            source = "by where the shots were taken"
        else:
            source = "not in the file: the opposite of the other half, if that is known"
        if not sources or sources[-1][1] != source:
            sources.append((str(period), source))
        else:
            sources[-1] = (f"{sources[-1][0]}, {period}", source)
    return "; ".join(f"period {numbers}: {source}" for numbers, source in sources)
