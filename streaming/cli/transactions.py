"""``touchline transactions``: open transactions that Flink jobs have left on a broker: list them, or abort them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def transactions(
    source: Annotated[str, typer.Option(help="The broker: kafka://host:port.", metavar="URL")],
    sport: Annotated[str, typer.Option(help="Sport of the jobs.")] = "soccer",
    group: Annotated[str, typer.Option(help="Consumer group of the jobs.")] = "touchline-flink",
    abort: Annotated[bool, typer.Option("--abort", help="Abort them: readers of committed records go on at once.")] = False,
    after_checkpoint: Annotated[
        int | None, typer.Option(help="With --abort: only those that no checkpoint up to this number names.", min=0)
    ] = None,
    kafka_settings: Annotated[Path | None, typer.Option(help="TOML file with security settings.", metavar="FILE")] = None,
) -> None:
    """List the open transactions of a group's Flink jobs, for which readers of committed records wait.

    A job that goes on from its checkpoint commits or aborts them by itself. Abort them by hand only when the job is lost for good:
    stats of its newest checkpoint that were not committed are lost with them.

    Example: touchline transactions --source kafka://127.0.0.1:9092 --sport soccer --abort
    """
    from streaming.factory import sport_named
    from streaming.kafka.settings import parse
    from streaming.runners.flink.transactions import abort as end
    from streaming.runners.flink.transactions import open_transactions

    address, name = parse(source, kafka_settings), sport_named(sport).name
    group = address.group(group)
    found = open_transactions(address, group, name)
    for one in found:
        print(
            f"{one.transactional_id}  checkpoint {one.checkpoint}, open for {one.age_s:.0f} s of {one.timeout_s:.0f}, "
            f"in {one.partitions} {'partition' if one.partitions == 1 else 'partitions'}"
        )
    if not abort:
        print(f"{len(found):,} open transactions of group {group} on {name}")
        return
    chosen = [one.transactional_id for one in found if after_checkpoint is None or one.checkpoint > after_checkpoint]
    end(address, chosen)
    print(f"aborted {len(chosen):,} of {len(found):,}")
