"""``touchline import``: a provider's files become a recording."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from simulators.providers import current_name, providers, read, read_all
from simulators.providers._limits import DEFAULT_MB, MOST_MB, limited
from streaming.errors import BadInput

#: what a game may be called to get a folder of that name
_FOLDER = re.compile(r"[\w-][\w.-]{0,99}")
_LIST = "\n\n".join(f"  {name}: {line}" for name, line in sorted(providers().items()))


def import_(
    provider: Annotated[str, typer.Argument(help=f"One of: {', '.join(sorted(providers()))}.", metavar="PROVIDER")],
    files: Annotated[list[Path], typer.Argument(help="Files of one game or of many, gzipped or not.", metavar="FILE...")],
    out: Annotated[Path, typer.Option(help="Folder of the recording, or of the recordings of many games.", metavar="REC")],
    pick: Annotated[
        str, typer.Option(help="One game of files that hold many; how it is named depends on the provider.", metavar="GAME")
    ] = "",
    overwrite: Annotated[bool, typer.Option("--force", help="Replace an existing recording.")] = False,
    check: Annotated[bool, typer.Option(help="Compare our values with the provider's own.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, one line per game.")] = False,
    limit_mb: Annotated[int, typer.Option(help="What a file may unpack to, MB.", min=1, max=MOST_MB, metavar="MB")] = DEFAULT_MB,
) -> None:
    provider = named(provider)
    with limited(limit_mb):
        if pick:
            _one(provider, read(provider, files, pick), out, overwrite=overwrite, check=check, as_json=as_json)
        else:
            _every(provider, files, out, overwrite=overwrite, check=check, as_json=as_json)


def _every(provider: str, files: list[Path], out: Path, *, overwrite: bool, check: bool, as_json: bool) -> None:
    """Write every game of the files; ``BadInput`` at the end when some could not be imported."""
    several, refused = read_all(provider, files), []
    for name, imported in several:
        try:
            if name and not _FOLDER.fullmatch(name):
                raise BadInput(
                    f"the id {name[:40]!r} of a game in {files[0]} cannot be the name of a folder: pick it alone with --pick"
                )
            _one(provider, imported(), out / name, overwrite=overwrite, check=check, as_json=as_json)
        except BadInput as error:
            if len(several) == 1:
                raise
            refused.append(f"{name}: {error}")
    if refused:
        raise BadInput(f"{len(refused)} of {len(several)} games could not be imported; the first is {refused[0]}")


def named(provider: str) -> str:
    """The provider's present name; for a name of version 0.1, one line on stderr gives the new one."""
    name = current_name(provider)
    if name != provider:
        print(f"touchline: the provider {provider} is now called {name}", file=sys.stderr)
    return name


def _one(provider: str, imported: Any, out: Path, *, overwrite: bool, check: bool, as_json: bool) -> None:
    """Write one recording, and print its summary."""
    written = write(imported, out, overwrite=overwrite)
    found, missing = checked(imported, out) if check else ([], [])
    if as_json:
        import json

        print(json.dumps(written | {"agreement": [one.plain() for one in found], "unavailable": missing}, ensure_ascii=False))
        return
    print(f"{written['out']}: {written['title']}, {written['samples']:,} samples, {written['events']:,} events")
    for what in ("left out", "notes"):
        if what in written["provenance"]:
            print(f"{what}: {written['provenance'][what]}")
    for one in (*found, *missing):
        print(one)
    if check and not found:
        print(f"{provider} gives no figures of its own to compare with")


import_.__doc__ = f"""Turn a provider's files into a recording.

Example: touchline import sportec match_matchinformation.xml match_events.xml --out REC

Providers:

{_LIST}
"""


def write(imported: Any, out: Path, *, overwrite: bool = False) -> dict[str, Any]:
    """Record an imported game at ``out``, with a progress bar; what it was, in words."""
    from streaming.cli.progress import Progress
    from streaming.recordings.reader import Writer
    from streaming.wire.records import Event

    samples = events = 0
    with (
        Writer(out, imported.record, overwrite=overwrite) as writer,
        Progress(f"importing {imported.record.game}", imported.samples or None, "samples") as progress,
    ):
        for record in imported.stream():
            writer.write(record)
            if isinstance(record, Event):
                events += 1
            else:
                samples += len(record)
                progress.advance(len(record))
    return {
        "out": str(out),
        "game": imported.record.game,
        "title": imported.record.title,
        "samples": samples,
        "events": events,
        "provenance": imported.record.provenance,
    }


def checked(imported: Any, recording: Path) -> tuple[list[Any], list[str]]:
    """Our figures beside the provider's own, as the provider's module pairs them, all of one run; and a sentence for each reason
    why there are no values, with the stats that it is about."""
    from features.core.sport import load_sport
    from streaming.analysis.agreement import compare_events, final_blocks, named
    from streaming.analysis.channels import compare_channels
    from streaming.cli.replay import unavailable
    from streaming.factory import operator_for
    from streaming.recordings.reader import Recording

    opened, sport = Recording(recording), load_sport(imported.record.sport)
    stats = {named(sport, name)[0] for name in (*imported.event_references, *imported.channel_references)}
    operator = operator_for(opened.game, draw=False, provisional=False)
    blocks = final_blocks(opened, sport, stats, operator)
    found = compare_events(opened, sport, imported.event_references, blocks)
    found += compare_channels(opened, sport, imported.channel_references, blocks)
    missing = [
        f"unavailable, {reason}: " + ", ".join(f"{stat} ({n:,})" for stat, n in values.items())
        for reason, values in unavailable(operator.metrics).items()
    ]
    return found, missing
