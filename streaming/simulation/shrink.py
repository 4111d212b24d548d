"""Makes the plan of a failing run smaller for as long as it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from streaming.simulation.plan import OF_A_PROCESS, Plan

#: runs at most
TRIES = 200


def shrink(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """The smallest plan found: without faults, viewers, games and operators that it also fails without. ``fails`` runs a plan."""
    tries = 0
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(plan):
            tries += 1
            if tries > TRIES:
                return plan
            if fails(candidate):
                plan, smaller = candidate, True
                break
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Plans with one thing less."""
    change = msgspec.structs.replace
    for number in range(len(plan.faults)):
        yield change(plan, faults=plan.faults[:number] + plan.faults[number + 1 :])
    for number in range(len(plan.games)) if len(plan.games) > 1 else ():
        yield change(plan, games=plan.games[:number] + plan.games[number + 1 :])
    last = len(plan.operators) - 1
    if last and not any(fault.kind in OF_A_PROCESS and fault.who == last for fault in plan.faults):
        yield change(plan, operators=plan.operators[:last])
    if plan.viewers:
        yield change(plan, viewers=0)
    if plan.take_s:
        yield change(plan, take_s=0.0)
    for number, game in enumerate(plan.games):
        if game.events > 3:
            fewer = change(game, events=max(3, game.events // 2))
            yield change(plan, games=(*plan.games[:number], fewer, *plan.games[number + 1 :]))
