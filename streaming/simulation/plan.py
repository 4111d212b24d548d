"""What is to happen in one run: games, operators, viewers, faults. Made from a seed; readable as JSON."""

from __future__ import annotations

import random
from typing import Final, Literal

import msgspec

from streaming.errors import BadInput

Kind = Literal["kill", "pause", "cut off", "no heartbeats", "cuts", "late ends", "slow", "broker", "leave", "delete input"]
Operator = Literal["tally", "real"]
#: of these the faults of a plan are drawn, so often
DRAWN: Final[tuple[Kind, ...]] = (
    "kill", "kill", "pause", "pause", "cut off", "no heartbeats", "cuts", "cuts", "slow", "broker", "leave",
)  # fmt: skip
#: faults of one process, and of all
OF_A_PROCESS: Final = frozenset({"kill", "pause", "cut off", "no heartbeats", "leave"})


class Fault(msgspec.Struct, frozen=True):
    """``who`` is the number of an operator. ``strength`` is how likely a request is cut off or late (``cuts``, ``late ends``), the
    delay in seconds (``slow``), or, where it is not 0, that the input is deleted right after a request for its id."""

    kind: Kind
    at_s: float
    for_s: float
    who: int = 0
    strength: float = 0.0

    def __str__(self) -> str:
        who = f" of operator {self.who}" if self.kind in OF_A_PROCESS else ""
        strength = f" ({self.strength:g})" if self.strength else ""
        return f"{self.kind}{who} at {self.at_s:.2f} s for {self.for_s:.2f} s{strength}"


class Game(msgspec.Struct, frozen=True):
    """A game's first record is at ``at_s``, the next every ``every_s``."""

    name: str
    at_s: float
    events: int
    every_s: float


class Plan(msgspec.Struct, frozen=True):
    """``operators`` are the times at which each starts, s. ``take_s`` is how long an operator takes for a record, ``operator`` the
    sum of ``tally`` or the operator of a game itself."""

    seed: int
    runner: Literal["kafka", "flink"]
    partitions: int
    operators: tuple[float, ...]
    games: tuple[Game, ...]
    faults: tuple[Fault, ...]
    viewers: int
    tick_s: float
    commit_s: float
    snapshot_s: float
    take_s: float = 0.0
    operator: Operator = "tally"

    @property
    def quiet_s(self) -> float:
        """From when on no fault is at work and every game has been sent."""
        games = [game.at_s + game.every_s * (game.events + 5) for game in self.games]
        return max([*self.operators, *games, *(fault.at_s + fault.for_s for fault in self.faults)])


def of_seed(seed: int, operator: Operator = "tally") -> Plan:
    """The plan of a seed. A few runs have no faults at all."""
    return msgspec.structs.replace(_drawn(seed), operator=operator)


def _drawn(seed: int) -> Plan:
    draw = random.Random(seed * 2_654_435_761 % (1 << 32))
    partitions = draw.choice((1, 2, 2, 3, 4))
    operators = tuple(round(draw.choice((0.0, 0.0, draw.uniform(0.0, 12.0))), 2) for _ in range(draw.choice((1, 2, 2, 2, 3))))
    games = tuple(
        Game(f"g{number}", round(draw.uniform(0.0, 10.0), 2), draw.randint(3, 25), draw.choice((0.01, 0.1, 0.4, 0.8)))
        for number in range(draw.randint(1, 2 + partitions))
    )
    faults = []
    for _ in range(draw.choice((0, 1, 1, 2, 2, 3, 4))):
        kind = draw.choice(DRAWN)
        faults.append(
            Fault(
                kind,
                round(draw.uniform(0.5, 16.0), 2),
                round(draw.uniform(0.2, 3.0) if draw.random() < 0.5 else draw.uniform(3.0, 14.0), 2),
                draw.randrange(len(operators)),
                {"cuts": draw.choice((0.02, 0.1, 0.3)), "slow": draw.choice((0.05, 0.5))}.get(kind, 0.0),
            )
        )
    if draw.random() < 0.05:
        faults.append(Fault("delete input", round(draw.uniform(3.0, 15.0), 2), 0.0, 0, draw.choice((0.0, 1.0, 1.0))))
    plan = Plan(
        seed=seed,
        runner="flink" if draw.random() < 0.1 else "kafka",
        partitions=partitions,
        operators=operators,
        games=games,
        faults=tuple(sorted(faults, key=lambda fault: fault.at_s)),
        viewers=draw.choice((0, 0, 0, 1, 2)),
        tick_s=draw.choice((0.05, 0.25, 0.25)),
        commit_s=draw.choice((0.1, 0.3)),
        snapshot_s=draw.choice((0.5, 2.0, 5.0)),
        take_s=draw.choice((0.0, 0.0, 0.002, 0.03, 0.08)),
    )
    if seed % 8 == 6:
        return _together(plan, draw)
    return _behind(plan, draw) if seed % 8 == 5 else plan


def _behind(plan: Plan, draw: random.Random) -> Plan:
    """A slow network, so that there is always something that waits to be sent, in which many an EndTxn comes again, late."""
    at_s, for_s = round(draw.uniform(1.0, 5.0), 2), round(draw.uniform(6.0, 14.0), 2)
    bad = (Fault("late ends", at_s, for_s, 0, 0.5), Fault("slow", at_s, for_s, 0, draw.choice((0.02, 0.1))))
    others = tuple(fault for fault in plan.faults if fault.kind not in ("cuts", "slow"))[:1]
    return msgspec.structs.replace(plan, faults=tuple(sorted((*others, *bad), key=lambda one: one.at_s)))


def _together(plan: Plan, draw: random.Random) -> Plan:
    """All games begin at one moment, as on a Saturday, and an operator is killed right then."""
    begin_s = plan.games[0].at_s
    games = tuple(msgspec.structs.replace(game, at_s=begin_s) for game in plan.games)
    fault = Fault(
        "kill", round(begin_s + draw.uniform(0.0, 0.8), 2), round(draw.uniform(0.2, 9.0), 2), draw.randrange(len(plan.operators))
    )
    faults = sorted((*plan.faults, fault), key=lambda one: one.at_s)
    return msgspec.structs.replace(plan, games=games, faults=tuple(faults))


def read(text: str) -> Plan:
    """A plan from JSON; ``BadInput`` with one sentence."""
    try:
        return msgspec.json.decode(text, type=Plan)
    except msgspec.DecodeError as error:
        raise BadInput(f"not the plan of a run: {error}") from None


def write(plan: Plan) -> str:
    return msgspec.json.format(msgspec.json.encode(plan)).decode()
