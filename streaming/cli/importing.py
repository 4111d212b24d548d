"""touchline import: a provider's files become a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from simulators.providers import providers, read

_LIST = "\n\n".join(f"  {name}: {line}" for name, line in sorted(providers().items()))


def import_(
    provider: Annotated[str, typer.Argument(help=f"One of: {', '.join(sorted(providers()))}.", metavar="PROVIDER")],
    files: Annotated[list[Path], typer.Argument(help="The provider's files of one game, gzipped or not.", metavar="FILE...")],
    out: Annotated[Path, typer.Option(help="The folder to write the recording to.", metavar="REC")],
    overwrite: Annotated[bool, typer.Option(help="Replace a recording that is there already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was imported as JSON.")] = False,
) -> None:
    imported = read(provider, files)
    told = write(imported, out, overwrite=overwrite)
    if as_json:
        import json

        print(json.dumps(told, ensure_ascii=False))
    else:
        print(f"{told['out']}: {told['title']}, {told['samples']:,} samples, {told['events']:,} events")


import_.__doc__ = f"""Turn a provider's files into a recording.

Example: touchline import sportec match_matchinformation.xml match_events.xml --out REC

Providers:

{_LIST}
"""


def write(imported: Any, out: Path, *, overwrite: bool = False) -> dict[str, Any]:
    """Record an imported game at ``out``, with a progress bar; what it was, in words."""
    from streaming.cli.progress import Progress
    from streaming.recording import Writer
    from streaming.records import Event

    samples = events = 0
    with Writer(out, imported.record, overwrite=overwrite) as writer, Progress(
        f"importing {imported.record.game}", imported.samples or None, "samples"
    ) as progress:
        for record in imported.stream():
            writer.write(record)
            if isinstance(record, Event):
                events += 1
            else:
                samples += len(record)
                progress.advance(len(record))
    return {
        "out": str(out), "game": imported.record.game, "title": imported.record.title,
        "samples": samples, "events": events, "provenance": imported.record.provenance,
    }  # fmt: skip
