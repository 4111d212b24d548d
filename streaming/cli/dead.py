"""``touchline dead``: records that could not be used, on a broker: list them, or send them in again."""

from __future__ import annotations

import heapq
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from streaming.kafka.dead_letters import StoredLetter

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="List dead letters (records that could not be used), or send their records again.\n\n"
    "Example: touchline dead list --source kafka://127.0.0.1:9092",
)

Source = Annotated[str, typer.Option(help="The broker: kafka://host:port.", metavar="URL")]
SportName = Annotated[str, typer.Option("--sport", help="Sport of the dead letters.")]
Reason = Annotated[str, typer.Option(help="Only with this text in reason or detail.", metavar="TEXT")]
Game = Annotated[str, typer.Option(help="Only of this game.")]
Settings = Annotated[Path | None, typer.Option(help="TOML file with security settings.", metavar="FILE")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


@app.command("list")
def list_(
    source: Source,
    sport: SportName = "soccer",
    reason: Reason = "",
    game: Game = "",
    limit: Annotated[int, typer.Option(help="Maximum number; the newest are listed.", min=1, max=1_000_000)] = 50,
    kafka_settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters, oldest first: time, game, kind, reason and number of records.

    Example: touchline dead list --source kafka://127.0.0.1:9092 --reason late
    """
    from streaming.factory import sport_named
    from streaming.kafka.dead_letters import DeadLetterReader, LetterFilter
    from streaming.kafka.settings import parse

    wanted, total = LetterFilter(game, reason), 0
    newest: list[tuple[int, int, StoredLetter]] = []
    with DeadLetterReader(parse(source, kafka_settings), sport_named(sport).name) as letters:
        for found in letters.read():
            if wanted.has(found.letter):
                total += 1
                entry = (found.written_us, total, found)
                heapq.heappush(newest, entry) if len(newest) < limit else heapq.heappushpop(newest, entry)
        unreadable = letters.unreadable
    shown = [found for *_, found in sorted(newest)]
    if as_json:
        print(json.dumps([_plain(found) for found in shown], indent=2))
        return
    wide = max((len(found.letter.game) for found in shown), default=0)
    for written_us, letter in ((found.written_us, found.letter) for found in shown):
        kind = letter.source.partition(".")[0]
        detail = " ".join(letter.detail.removeprefix(f"{letter.reason}: ").split())
        row = f"{_when(written_us)}  {letter.game:<{wide}}  {kind:<9}  {letter.records:>5}  {letter.reason}: {detail}"
        print(row[:300].rstrip(": "))
    print(f"{len(shown):,} of {total:,} dead letters" + (f", and {unreadable:,} that cannot be read" if unreadable else ""))


@app.command()
def replay(
    source: Source,
    sport: SportName = "soccer",
    reason: Reason = "",
    game: Game = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Include those that have been sent again before.")] = False,
    kafka_settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Send the records of dead letters again, after the cause has been mended.

    Example: touchline dead replay --source kafka://127.0.0.1:9092 --reason "operator failed"

    They are appended to the sport's input topic, under their game's key. A late record stays late: only a correction of an event,
    or a record that failed for another reason, will be accepted. Each dead letter is sent again once; --again repeats it.
    """
    from streaming.errors import BadInput
    from streaming.factory import sport_named
    from streaming.kafka.dead_letters import DeadLetterReader, LetterFilter
    from streaming.kafka.ingress import Ingress
    from streaming.kafka.settings import parse

    address, played = parse(source, kafka_settings), sport_named(sport)
    with DeadLetterReader(address, played.name) as letters:
        places = letters.to_send(LetterFilter(game, reason), again)
        number = 0
        if places:
            if not yes:
                if not sys.stdin.isatty():
                    raise BadInput(f"{len(places):,} dead letters are to be sent again: confirm it with --yes")
                typer.confirm(f"Send {len(places):,} dead letters to {address.text} again?", abort=True, err=True)
            with Ingress(address, played) as ingress:
                number = letters.send(places, ingress)
    if as_json:
        print(json.dumps({"sent": number}))
    else:
        print(f"{number:,} dead letter{'' if number == 1 else 's'} sent again" if number else "nothing to send again")


def _when(us: int) -> str:
    try:
        return datetime.fromtimestamp(us / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{us} us"


def _plain(found: StoredLetter) -> dict[str, Any]:
    letter = found.letter
    return {
        "time": _when(found.written_us),
        "game": letter.game,
        "source": letter.source,
        "reason": letter.reason,
        "detail": letter.detail,
        "records": letter.records,
        "bytes": letter.cut_from_bytes or len(letter.payload),
        "whole": not letter.cut_from_bytes,
        "topic": found.place.topic,
        "partition": found.place.partition,
        "offset": found.place.offset,
    }
