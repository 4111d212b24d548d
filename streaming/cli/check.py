"""``touchline check highlights``: which highlights and stories real games get, and how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simulators.providers import Imported, read, read_all
from streaming.analysis.airing import OnAirCounts, aired
from streaming.cli.importing import named
from streaming.cli.progress import Progress
from streaming.errors import BadInput
from streaming.factory import sport_named
from streaming.wire.records import Event, GameRecord

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

#: what has to be among the highlights of a sport, by its events
SCORES: Final[dict[str, Callable[[Event], bool]]] = {
    "soccer": lambda e: e.period < 5 and (e.type == "own_goal" or (e.type == "shot" and e.outcome == "goal")),
    "nfl": lambda e: e.type == "touchdown" or (e.type == "field_goal" and e.outcome == "good"),
    "mlb": lambda e: e.type == "play" and e.outcome == "home_run",
    "f1": lambda e: e.type == "finish" and e.attrs.get("position") == 1.0,
}


@app.callback()
def _check() -> None:
    """Check the output for real games.

    Example: touchline check highlights wyscout events.parquet matches.parquet
    """


@app.command()
def highlights(
    provider: Annotated[
        str, typer.Argument(help="A provider, as for touchline import, or the word recordings.", metavar="PROVIDER")
    ],
    files: Annotated[list[Path], typer.Argument(help="Files of one game or of many; or recordings.", metavar="FILE...")],
    pick: Annotated[str, typer.Option(help="Only this game of files that hold many.", metavar="GAME")] = "",
    every: Annotated[int, typer.Option(min=1, help="Only every Nth game.", metavar="N")] = 1,
    stories: Annotated[bool, typer.Option("--stories", help="Print every story, in English.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Count the highlights and stories of real games, from their events alone and without any model.

    Example: touchline check highlights wyscout events.parquet matches.parquet
    """
    games = _games(named(provider), files, pick)[::every]
    found: list[tuple[OnAirCounts, int, int]] = []
    labels, topics = Counter[str](), Counter[str]()
    with Progress(f"looking at {len(games)} games", len(games), "games") as progress:
        for record, events in (game() for game in games):
            one = aired(sport_named(record.sport), record, events)
            counts = SCORES.get(record.sport)
            scored = [event.id for event in events if counts is not None and counts(event)]
            found.append((one, len(scored), sum(event in one.highlights for event in scored)))
            labels.update(value["label"] for value in one.highlights.values())
            topics.update(value["topic"] for value in one.stories.values())
            progress.advance(1)
            if stories:
                print(f"{one.title or one.game}:")
                for story in one.stories.values():
                    print(f"  {story['score']:.2f} {story['topic']}: {story.get('en', '')}")
    figures = _figures(found, labels, topics)
    if as_json:
        import json

        print(json.dumps(figures))
    else:
        for line in _lines(figures):
            print(line)


Game = Callable[[], tuple[GameRecord, list[Event]]]


def _games(provider: str, files: list[Path], pick: str) -> list[Game]:
    if provider == "recordings":
        return [_recorded(path) for path in files]
    if pick:
        return [_imported(lambda: read(provider, files, pick))]
    if provider == "wyscout":
        from simulators.providers import wyscout

        return [_imported(partial(wyscout.read_match, files, match)) for match in wyscout.match_ids(files)]
    return [_imported(one) for _, one in read_all(provider, files)]


def _recorded(path: Path) -> Game:
    def game() -> tuple[GameRecord, list[Event]]:
        from streaming.recordings.reader import Recording

        opened = Recording(path)
        return opened.game, opened.read_events()

    return game


def _imported(one: Callable[[], Imported]) -> Game:
    def game() -> tuple[GameRecord, list[Event]]:
        imported = one()
        return imported.record, [record for record in imported.stream() if isinstance(record, Event)]

    return game


def _figures(found: list[tuple[OnAirCounts, int, int]], labels: Counter[str], topics: Counter[str]) -> dict[str, Any]:
    import numpy as np

    if not found:
        raise BadInput("there is no game to look at")

    def spread(counts: list[int]) -> list[float]:
        return [float(v) for v in (min(counts), np.median(counts), max(counts))]

    def tenths(offered: list[list[float]]) -> list[float]:
        """How strong candidates are: the middles of ten equal parts of them all, which is what a budget calls usual."""
        every = np.concatenate(offered) if any(offered) else np.zeros(0)
        return [round(float(v), 3) for v in np.quantile(every, np.arange(0.05, 1.0, 0.1))] if len(every) else []

    scores = sum(scored for _, scored, _ in found)
    return {
        "games": len(found),
        "highlights": spread([len(one.highlights) for one, _, _ in found]),
        "stories": spread([len(one.stories) for one, _, _ in found]),
        "scores": scores,
        "usual": {kind: tenths([one.offered[i] for one, _, _ in found]) for i, kind in enumerate(("highlights", "stories"))},
        "scores_shown": sum(shown for _, _, shown in found),
        "labels": dict(labels.most_common()),
        "topics": dict(topics.most_common()),
    }


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    yield f"games: {figures['games']:,}"
    for kind in ("highlights", "stories"):
        least, median, most = figures[kind]
        yield f"{kind} a game: {least:.0f} to {most:.0f}, median {median:g}"
    if figures["scores"]:
        yield f"scores that are highlights: {figures['scores_shown']:,} of {figures['scores']:,}"
    for kind, tenths in figures["usual"].items():
        yield f"usual strengths of candidates for {kind}: {', '.join(f'{v:g}' for v in tenths)}"
    for kind in ("labels", "topics"):
        yield f"{kind}: " + ", ".join(f"{name} {count:,}" for name, count in figures[kind].items())
