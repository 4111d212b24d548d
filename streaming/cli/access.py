"""``touchline access``: what a broker has to allow a part of a deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def access(
    role: Annotated[str, typer.Argument(help="setup, feed, operator, flink, gateway, monitor or letters.")],
    source: Annotated[
        str, typer.Option(help="The broker: kafka://host:port, with ?topic_prefix=NAME. where there is one.", metavar="URL")
    ] = "kafka://127.0.0.1:9092",
    sport: Annotated[list[str] | None, typer.Option(help="Sport; may be repeated. Default: all.")] = None,
    group: Annotated[str, typer.Option(help="Consumer group, where it is not the default.")] = "",
    principal: Annotated[str, typer.Option(help="Who is allowed. Default: User:touchline-ROLE.")] = "",
    kafka_settings: Annotated[Path | None, typer.Option(help="TOML file with security settings.", metavar="FILE")] = None,
) -> None:
    """Print the commands of Kafka's own kafka-acls.sh that allow a role what it needs, and no more. Nothing is changed.

    Example: touchline access operator --sport soccer --principal User:touchline-operator
    """
    from features.core.sport import sports as known
    from streaming.factory import sport_named
    from streaming.kafka.access import commands, permissions
    from streaming.kafka.settings import parse

    address = parse(source, kafka_settings)
    for name in [sport_named(each).name for each in dict.fromkeys(sport)] if sport else known():
        allowed = permissions(role, address, name, group)
        print(*commands(principal or f"User:touchline-{role}", allowed, ",".join(address.servers)), sep="\n")
