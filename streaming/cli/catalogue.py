"""``touchline catalogue``: every stat, as the code declares it."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def catalogue(
    sport: Annotated[str | None, typer.Argument(help="Only this sport.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """List every stat: unit, definition, topic, graphic.

    Example: touchline catalogue soccer
    """
    from features.core.sport import load_sport, sports
    from streaming.errors import BadInput
    from streaming.wire import topics

    try:
        chosen = [load_sport(name) for name in ([sport] if sport else sports())]
    except ValueError as error:
        raise BadInput(str(error)) from None
    rows = [
        {
            "id": stat.id,
            "sport": found.name,
            "unit": stat.unit,
            "definition": stat.definition,
            "per": stat.per,
            "closes_on": "event" if stat.on else "events, each tick" if stat.ticks else "tracking window",
            "events": list(stat.on),
            "every_s": stat.every_s or (None if stat.on else found.hop_s),
            "holds": stat.held,
            "components": list(stat.components),
            "topic": topics.address(stat.id),
            "model": stat.model,
            "air": stat.on_screen_name,
            "source": stat.source,
        }
        for found in chosen
        for stat in found.stats
    ]
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        marks = " ".join(m for m in ("M" if row["model"] else "", "E" if row["events"] else "") if m)
        print(f"{row['id']:<42} {row['unit']:<7} {marks:<4} {row['definition']}" + (f"  [{row['air']}]" if row["air"] else ""))
