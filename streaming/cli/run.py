"""``touchline run``: games from a source through the pipeline to a sink, until it is stopped."""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from streaming.cli.front import BehindProxy, FrontOptions, TlsCert, TlsKey, TokenFile, front_of
from streaming.observability.logs import on_air

if TYPE_CHECKING:
    from models.serving.front import Front
    from streaming.flink.rest import Rest
    from streaming.kafka.settings import Address
    from streaming.runners.flink.start import Beginning


def run(
    source: Annotated[
        str, typer.Option(help="Source of the games: kafka://host:port, a recording, simulator://SPORT?seed=7.", metavar="URL")
    ],
    sink: Annotated[str, typer.Option(help="Sink of the stats: the same kafka://host:port, or FILE.parquet|jsonl.", metavar="URL")],
    runner: Annotated[str, typer.Option(help="embedded: this process; flink: a job on a cluster.")] = "embedded",
    sport: Annotated[str, typer.Option(help="Sport whose topics are read.")] = "soccer",
    group: Annotated[str, typer.Option(help="Consumer group; its processes share the games. Default: one per runner.")] = "",
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Publish instead of the group that did until now, all of which has ended.")
    ] = False,
    partitions: Annotated[int | None, typer.Option(help="Partitions of the topics; default for new topics: 12.", min=1)] = None,
    commit_ms: Annotated[
        int | None, typer.Option(help="Time between commits; default 100, on Flink 1000.", min=10, max=60_000)
    ] = None,
    snapshot_s: Annotated[
        float, typer.Option(help="Embedded: maximum age of a game's snapshot in seconds.", min=0.1, max=600)
    ] = 5.0,
    keep_hours: Annotated[
        float,
        typer.Option(help="Hours after its end until a game's record and state are removed.", min=0.1, max=87_600),
    ] = 168.0,
    kafka_settings: Annotated[Path | None, typer.Option(help="TOML file with security settings.", metavar="FILE")] = None,
    record: Annotated[Path | None, typer.Option(help="Embedded: also record each game in this folder.", metavar="REC")] = None,
    speed: Annotated[str, typer.Option(help="From a recording: speed in multiples of real time, or max.")] = "max",
    force: Annotated[bool, typer.Option("--force", help="To a file: replace an existing one.")] = False,
    model: Annotated[list[str] | None, typer.Option(help="Embedded: a model folder, or NAME=ADDRESS of an endpoint.")] = None,
    registry: Annotated[
        Path | None, typer.Option(help="Embedded: use the models deployed in this registry, also later ones.", metavar="DIR")
    ] = None,
    flink: Annotated[str, typer.Option(help="Flink: REST address of the cluster.", metavar="URL")] = "http://127.0.0.1:8081",
    profile: Annotated[str, typer.Option(help="Flink: Python beside the TaskManager (process) or inside it (thread).")] = "process",
    parallelism: Annotated[int, typer.Option(help="Flink: slots of the job.", min=1, max=128)] = 1,
    savepoint: Annotated[str, typer.Option(help="Flink: start from this savepoint or checkpoint.", metavar="PATH")] = "",
    from_checkpoint: Annotated[
        str, typer.Option(help="Flink: newest: go on from the group's newest state, or watch its job.", metavar="newest")
    ] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Flink: begin without the state of games already begun.")] = False,
    transaction_timeout_s: Annotated[
        int | None,
        typer.Option(help="Flink: seconds until the broker aborts an open transaction; default 181.", min=61, max=900),
    ] = None,
    python: Annotated[str, typer.Option(help="Flink: Python on the workers; default: the path of this one.")] = "",
    monitor_port: Annotated[
        int | None,
        typer.Option(help="Embedded: serve /metrics, /health and /ready on this port; 0: one that is free. Default: none.", min=0),
    ] = None,
    monitor_host: Annotated[
        str, typer.Option(help="Embedded: address of the monitor; any but the loopback needs TLS or --behind-proxy, and tokens.")
    ] = "127.0.0.1",
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    behind_proxy: BehindProxy = False,
    tokens: TokenFile = None,
    ready_behind: Annotated[int, typer.Option(help="Embedded: not ready with more unread records than this.", min=1)] = 10_000,
    detach: Annotated[bool, typer.Option("--detach", help="Flink: submit the job and return.")] = False,
    keep_job: Annotated[bool, typer.Option("--keep-job", help="Flink: leave the job on the cluster when this run ends.")] = False,
) -> None:
    """Run the games of a sport from Kafka to Kafka, exactly once, until Ctrl-C; or from a recording, or to a file.

    Example: touchline run --source kafka://127.0.0.1:9092 --sink kafka://127.0.0.1:9092

    On a cluster: touchline run --source kafka://127.0.0.1:9092 --sink kafka://127.0.0.1:9092 --runner flink --parallelism 2

    A recorded game on a broker: touchline run --source file://REC --sink kafka://127.0.0.1:9092 --speed 1

    Games of a broker in a file: touchline run --source kafka://127.0.0.1:9092 --sink stats.parquet

    A job whose cluster was lost: touchline run ... --runner flink --from-checkpoint newest

    Any number of processes of a group may run: partitions are rebalanced to them, with the state of their games. One group
    publishes a sport: a second one is refused, unless it has a topic_prefix of its own or --take-over is given. On Flink, Ctrl-C
    stops the job with a savepoint and prints how to go on from it, with more slots or a newer version; until then a job that is
    lost with its JobManager is submitted again from its newest checkpoint. Security settings come from the file,
    or from TOUCHLINE_KAFKA_SECURITY_PROTOCOL, _SASL_MECHANISM, _SASL_USERNAME, _SASL_PASSWORD, _SSL_CAFILE and so on.
    """
    from streaming.cli.run_files import captured, run_feed, run_game
    from streaming.errors import BadInput
    from streaming.factory import sport_named
    from streaming.kafka.broker import ensure
    from streaming.kafka.publisher import claim
    from streaming.kafka.settings import parse
    from streaming.sinks.base import file_of, is_file, sink_kind
    from streaming.sources.base import GameSource, SourceOptions, open_source, source_kind
    from streaming.sources.kafka import KafkaSource

    if runner not in ("embedded", "flink"):
        raise BadInput(f"there is no runner {runner!r}: embedded or flink")
    if profile not in ("process", "thread"):
        raise BadInput(f"there is no profile {profile!r}: process or thread")
    if runner == "flink" and model:
        raise BadInput("a job takes the models that are shipped with the program: --model is for the embedded runner")
    if monitor_port is not None and (runner == "flink" or (source_kind(source), sink_kind(sink)) != ("kafka", "kafka")):
        raise BadInput(
            "--monitor-port is for the embedded runner from Kafka to Kafka: of Flink's jobs the gateway's /metrics tells"
        )
    guarded = FrontOptions(tls_cert=tls_cert, tls_key=tls_key, behind_proxy=behind_proxy, tokens=tokens)
    front = None if monitor_port is None else front_of(monitor_host, guarded, option="--monitor-host")
    if runner == "flink" and registry:
        raise BadInput(
            "the workers of a job follow the registry that TOUCHLINE_REGISTRY names in their own environment: "
            "--registry is for the embedded runner"
        )
    kinds = source_kind(source), sink_kind(sink)
    if runner == "flink" and (kinds != ("kafka", "kafka") or record):
        raise BadInput("a job goes from Kafka to Kafka: recordings and files are for the embedded runner")
    if take_over and kinds != ("kafka", "kafka"):
        raise BadInput("--take-over is for a run from Kafka to Kafka: only there groups publish")
    if runner != "flink" and (fresh or from_checkpoint or savepoint or transaction_timeout_s):
        raise BadInput("--savepoint, --from-checkpoint, --fresh and --transaction-timeout-s are for --runner flink")
    if kinds[0] == "file" and is_file(sink):
        raise BadInput(f"the stats of one recording go to a file with: touchline replay {file_of(source)} --out {file_of(sink)}")
    name = sport_named(sport).name
    if kinds != ("kafka", "kafka"):
        opened = open_source(source, SourceOptions(sport=name, settings=kafka_settings, partitions=partitions))
        options = {"overwrite": force, "settings": kafka_settings, "partitions": partitions}
        if isinstance(opened, GameSource):
            run_game(opened, sink, speed=speed, sink_options=options, model=model, registry=registry, record=record)
            return
        stop = _stop_event()
        with captured(opened, record, stop):
            run_feed(opened, sink, sink_options=options, model=model, registry=registry, stop=stop)
        return
    address = parse(source, kafka_settings)
    if parse(sink, kafka_settings) != address:
        raise BadInput("source and sink are one broker, with one topic_prefix: results and offsets are committed together")
    if runner == "embedded":
        number = ensure(address, name, partitions)
        claim(address, name, address.group(group or "touchline"), take_over=take_over)
        stop = _stop_event()
        with captured(KafkaSource(address, name), record, stop):
            tuning: dict[str, Any] = {
                "group": group or "touchline",
                "commit_s": (commit_ms or 100) / 1000,
                "snapshot_s": snapshot_s,
            }
            monitor = None if front is None or monitor_port is None else (monitor_port, monitor_host, ready_behind, front)
            _embedded(address, name, number, tuning, 3600 * keep_hours, model, stop, registry, monitor)
        return
    from streaming.flink.rest import Rest
    from streaming.runners.flink.job import CHECKPOINT_TIMEOUT_S, GROUP, Plan
    from streaming.runners.flink.start import begin

    rest = Rest(flink)
    plan = Plan(
        address=address,
        sport=name,
        rest=(rest.host, rest.port),
        profile=profile,  # type: ignore[arg-type]
        parallelism=parallelism,
        group=address.group(group or GROUP),
        python=python or sys.executable,
        savepoint=savepoint,
        checkpoint_ms=commit_ms or 1000,
        transaction_s=transaction_timeout_s or 0,
        keep_s=3600 * keep_hours,
    )
    shortest_s = plan.checkpoint_ms / 1000 + CHECKPOINT_TIMEOUT_S
    if transaction_timeout_s is not None and transaction_timeout_s < shortest_s:
        raise BadInput(
            f"--transaction-timeout-s {transaction_timeout_s} is less than the {shortest_s:.0f} s that a checkpoint may take: "
            "its stats would be lost"
        )
    rest.slots()  # before topics are made: whether there is a cluster at all
    ensure(address, name, partitions)
    claim(address, name, plan.group, take_over=take_over)
    _flink(begin(plan, rest, from_checkpoint=from_checkpoint, fresh=fresh), rest, detach, keep_job)


def _embedded(
    address: Address,
    sport: str,
    number: int,
    tuning: dict[str, Any],
    keep_s: float,
    model: list[str] | None,
    stop: threading.Event,
    registry: Path | None,
    monitored: tuple[int, str, int, Front] | None,
) -> None:
    from streaming.factory import maker, prepare
    from streaming.observability.disk import DiskCollector
    from streaming.observability.monitor import Monitor
    from streaming.runners.kafka.condition import Condition, RunnerCollector
    from streaming.runners.kafka.runner import KafkaRunner

    with maker(model, registry) as make, ExitStack() as opened:
        runner = KafkaRunner(address, sport, make, **tuning)
        runner.keep_s = keep_s
        if monitored is not None:
            port, host, most_behind, front = monitored
            condition = Condition(runner.metrics, time.monotonic, most_behind)
            folders = [folder for folder in (Path.cwd(), registry) if folder is not None]
            collectors = [RunnerCollector(runner.metrics, sport, runner.group), DiskCollector(folders)]
            monitor = opened.enter_context(
                Monitor(collectors, condition.not_alive, condition.not_ready, port=port, host=host, front=front)
            )
            print(f"monitor: {monitor.url}/metrics, /health, /ready", flush=True)
        prepare(sport, make)
        # Threads share the interpreter: the one with the operator must not wait a whole default slice (5 ms) for it.
        sys.setswitchinterval(0.0005)
        print(f"{sport} from {address.text}, {number} partitions, group {runner.group}: on the air; Ctrl-C ends it", flush=True)
        on_air()
        runner.run(stop)
    print(f"ended after {runner.commits:,} commits; every one is on the broker")


def _flink(start: Beginning, rest: Rest, detach: bool, keep_job: bool) -> None:
    from streaming.kafka.broker import TopicGuard
    from streaming.runners.flink import checkpoints
    from streaming.runners.flink.submission import submit_apart
    from streaming.runners.flink.supervisor import JobEffects, JobSupervisor
    from streaming.runners.flink.transactions import abort_behind, lost_commits
    from streaming.wire import topics

    plan, stop = start.plan, _stop_event()
    for note in start.notes:
        _report(note)
    topic = plan.address.topic(topics.telemetry(plan.sport))
    guard = None if detach else TopicGuard(plan.address, topic, plan.group)
    if start.running is not None:
        job = start.running.id
        print(f"{plan.sport} on {rest.url}: job {job} is on the air already", flush=True)
    else:
        job = _submit(start, rest)
        print(f"{plan.sport} from {plan.address.text} on {rest.url}, {plan.profile} mode: job {job} is on the air", flush=True)
    if guard is None:
        return
    print("Ctrl-C leaves it on the cluster" if keep_job else "Ctrl-C stops it with a savepoint", flush=True)
    on_air()
    where = checkpoints.folders(rest, plan.group, plan.sport)
    effects = JobEffects(
        guard=guard,
        submit=lambda again: submit_apart(again, "streaming.factory"),
        newest=lambda: checkpoints.newest(where, rest, plan.title),
        clear=lambda checkpoint: abort_behind(plan.address, plan.group, plan.sport, checkpoint),
        lost=lambda checkpoint: lost_commits(plan.address, plan.group, plan.sport, checkpoint),
        report=_report,
    )
    supervisor = JobSupervisor(msgspec.structs.replace(plan, checkpoints=where.checkpoints), rest, job, effects)
    supervisor.watch(stop)
    if keep_job:
        print(f"job {supervisor.job} goes on without this run; watch it again with --from-checkpoint newest")
        return
    began = time.monotonic()
    path = rest.stop(supervisor.job, where.savepoints)
    print(f"stopped in {time.monotonic() - began:.1f} s; go on with --savepoint {path}")


def _submit(start: Beginning, rest: Rest) -> str:
    from streaming.errors import BadInput
    from streaming.runners.flink.submission import submit_apart
    from streaming.runners.flink.transactions import abort_behind

    plan, free = start.plan, rest.slots()
    if free < plan.parallelism:
        raise BadInput(f"the Flink cluster at {rest.url} has {free} free slots, not {plan.parallelism}")
    if start.checkpoint is not None and (done := abort_behind(plan.address, plan.group, plan.sport, start.checkpoint)):
        _report(done)
    job = submit_apart(plan, "streaming.factory")
    rest.wait_running(job)
    return job


def _report(sentence: str) -> None:
    print(f"touchline: {sentence}", file=sys.stderr, flush=True)


def _stop_event() -> threading.Event:
    """Set by Ctrl-C or SIGTERM; a second Ctrl-C interrupts."""
    stop = threading.Event()

    def on_signal(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, on_signal)
    return stop
