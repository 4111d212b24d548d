"""``touchline serve``: the pages and streams of games that run elsewhere, from a broker's topics."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from streaming.cli.front import (
    AllowedHosts,
    AllowedOrigins,
    BehindProxy,
    FrontOptions,
    Host,
    MaxConnections,
    TlsCert,
    TlsKey,
    TokenFile,
    front_of,
)
from streaming.cli.lifecycle.common import Contradicted
from streaming.observability.logs import on_air


def serve(
    source: Annotated[str, typer.Option(help="Source of the stats: kafka://host:port.", metavar="URL")],
    sport: Annotated[list[str] | None, typer.Option(help="Sport whose topics are read; may be repeated. Default: all.")] = None,
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 8080,
    host: Host = "127.0.0.1",
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    behind_proxy: BehindProxy = False,
    tokens: TokenFile = None,
    allowed_host: AllowedHosts = None,
    allowed_origin: AllowedOrigins = None,
    max_connections: MaxConnections = None,
    committed: Annotated[
        bool, typer.Option("--committed", help="Show only committed records; later by one commit interval.")
    ] = False,
    group: Annotated[
        str, typer.Option(help="Show only what this consumer group has published, and what names no group. Default: all.")
    ] = "",
    look_back: Annotated[float, typer.Option(help="Seconds of the past to read first.", min=0, max=86_400)] = 180.0,
    keep: Annotated[
        float, typer.Option(help="Minutes that a game without news stays in memory.", metavar="MINUTES", min=1, max=100_000)
    ] = 720.0,
    metrics_keep: Annotated[
        float, typer.Option(help="Minutes that a game without news stays on /metrics.", metavar="MINUTES", min=0.1, max=100_000)
    ] = 10.0,
    silent_limit: Annotated[
        float,
        typer.Option(help="/health and /ready fail when a game has had no record for so long; 0: never.", metavar="SECONDS", min=0),
    ] = 0.0,
    kafka_settings: Annotated[Path | None, typer.Option(help="TOML file with security settings.", metavar="FILE")] = None,
    flink: Annotated[str, typer.Option(help="REST address of a Flink cluster to watch: http://host:port.", metavar="URL")] = "",
    registry: Annotated[
        Path | None,
        typer.Option(envvar="TOUCHLINE_REGISTRY", help="Model registry, for the cards of deployed models.", metavar="DIR"),
    ] = None,
    contradicted: Contradicted = "withhold",
) -> None:
    """Serve the pages, streams and metrics of games that run elsewhere, until Ctrl-C.

    Example: touchline serve --source kafka://127.0.0.1:9092 --flink http://127.0.0.1:8081

    To others: touchline serve --source ... --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem --tokens tokens.toml --allowed-host
    stats.example.com

    Any number of gateways may read the same topics; none delays another.
    """
    from features.core.sport import sports as known
    from streaming.cli.lifecycle.common import watch_models
    from streaming.factory import sport_named
    from streaming.flink.poller import FlinkPoller
    from streaming.kafka.lag import LagWatch
    from streaming.kafka.settings import parse
    from streaming.kafka.subscriber import KafkaSubscriber
    from streaming.runners.flink.transactions import lost_of_job
    from streaming.web.cluster_poller import ClusterPoller
    from streaming.web.gateway import Gateway
    from streaming.web.hub import Hub

    options = FrontOptions(
        tls_cert=tls_cert,
        tls_key=tls_key,
        behind_proxy=behind_proxy,
        tokens=tokens,
        hosts=allowed_host,
        origins=allowed_origin,
        most_connections=max_connections,
    )
    front = front_of(host, options)
    address = parse(source, kafka_settings)
    sports = [sport_named(name).name for name in dict.fromkeys(sport)] if sport else known()
    jobs = FlinkPoller(flink, lost=lost_of_job(address)) if flink else None
    # Threads share the interpreter: the sockets must not wait a whole default slice (5 ms) for the reader.
    sys.setswitchinterval(0.0005)
    hub = Hub(keep_s=60 * keep, metrics_keep_s=60 * metrics_keep)
    models = watch_models(hub, registry, contradicted)
    reader = KafkaSubscriber(address, sports, hub, committed=committed, look_back_s=look_back, models=models, group=group)
    watch = ClusterPoller(address.text, LagWatch(address, sports).look, reader, flink, jobs.look if jobs else None, silent_limit)
    gateway = Gateway(
        hub,
        host=host,
        port=port,
        recordings=Path.cwd(),
        cluster=watch,
        front=front,
    )
    try:
        with reader, watch:
            print(f"{', '.join(sports)} from {address.text}, {'' if committed else 'un'}committed; Ctrl-C ends it")
            for name, path in (("live page", "/"), ("operator page", "/operator"), ("graphics", "/catalogue")):
                print(f"  {name:<14} {gateway.url}{path}")
            sys.stdout.flush()
            on_air()
            # The server ends at either signal, then raises it again: Ctrl-C it takes back itself, this one is taken back here.
            signal.signal(signal.SIGTERM, lambda *_: None)
            gateway.run()
    finally:
        gateway.stop()
