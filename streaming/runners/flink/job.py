"""The job: Kafka source, one keyed process function, transactional Kafka sink. Everything else is the function's business.

Key and value go through as bytes and the stream is keyed on the Java side, so that Python is called once for a record and not
once more to find its key. There are no watermarks: a game's clock is the operator's own, and a partition that is quiet delays
no other.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from streaming.errors import BadInput, Unavailable
from streaming.kafka.broker import MAX_MESSAGE_BYTES
from streaming.kafka.settings import Address
from streaming.runners.flink.jars import connector
from streaming.runners.flink.keyed_game import KEEP_S
from streaming.wire import topics

Profile = Literal["process", "thread"]
#: a checkpoint that takes longer has failed; the code of a worker is loaded in the first one
CHECKPOINT_TIMEOUT_S: Final = 60
#: so many may fail one after the other before the job starts again from the last that did not
TOLERABLE_FAILURES: Final = 1
#: time for a cluster, or a job on it, to come back
RESTART_S: Final = 60
#: the longest that brokers allow unless they are configured otherwise (transaction.max.timeout.ms)
LONGEST_TRANSACTION_S: Final = 900
#: key groups: the most slots that a job can ever be spread over; a savepoint keeps it
MAX_PARALLELISM: Final = 128
GROUP: Final = "touchline-flink"
#: for the JVM that hands a job over and ends: compiling its code once more would pay nothing back (16 s of CPU with it, 9 without)
CLIENT_JVM: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run where.

    ``group`` is as it is called on the broker, ``rest`` the JobManager's REST address (host, port); ``python`` the interpreter on
    the workers; ``savepoint`` a path to go on from; ``checkpoint_ms`` how often results become visible to a reader of committed
    records; ``checkpoints`` the folder (a URL that the cluster understands) for the checkpoints of this group and sport, the
    cluster's own where it is empty; ``transaction_s`` how long the broker waits for the commit of an open transaction before it
    aborts it, 0 for the default; ``keep_s`` how long after its end a game is known.
    """

    address: Address
    sport: str
    rest: tuple[str, int]
    profile: Profile = "process"
    parallelism: int = 1
    group: str = GROUP
    name: str = ""
    python: str = "python3"
    savepoint: str = ""
    checkpoint_ms: int = 1_000
    snapshot_every: int = 100
    checkpoints: str = ""
    transaction_s: int = 0
    keep_s: float = KEEP_S

    @property
    def title(self) -> str:
        """Name of the job: two groups of a sport are two jobs."""
        return self.name or f"touchline {self.sport} ({self.group})"

    @property
    def transaction_timeout_ms(self) -> int:
        """As long as a transaction may be open when nothing is wrong that mends itself: from one checkpoint to the next, every
        checkpoint that may fail before the job starts again, and the restart."""
        longest_s = self.checkpoint_ms / 1000 + (1 + TOLERABLE_FAILURES) * CHECKPOINT_TIMEOUT_S + RESTART_S
        return (self.transaction_s or min(LONGEST_TRANSACTION_S, math.ceil(longest_s))) * 1000


def transactional_ids(group: str, sport: str) -> str:
    """What every transactional id of a group's jobs begins with: what its login must be allowed to write."""
    return f"{group}-{sport}-"


def submit(plan: Plan, factory: str) -> str:
    """Hand the job to the cluster; its id. ``factory`` names the module that makes operators on the workers (see ``GameFunction``).
    ``Unavailable`` with one sentence when something that the job needs is missing."""
    try:
        from pyflink.common import Configuration
        from pyflink.datastream import StreamExecutionEnvironment
        from pyflink.java_gateway import get_gateway
        from pyflink.table import EnvironmentSettings, StreamTableEnvironment
    except ImportError:
        raise Unavailable("Flink is not installed: uv pip install -c constraints.txt -e '.[flink]'") from None
    from streaming.runners.flink.packaging import stage

    os.environ.setdefault("JVM_ARGS", CLIENT_JVM)  # where pyflink looks for them
    with tempfile.TemporaryDirectory(prefix="touchline-job-") as folder:
        code = stage(Path(folder))
        configuration = Configuration()
        for key, value in _configuration(plan).items():
            configuration.set_string(key, value)
        try:
            # Made by its own factory, an environment outside ``flink run`` is a local one whichever target is configured.
            jvm = get_gateway().jvm
            env = StreamExecutionEnvironment(
                jvm.org.apache.flink.streaming.api.environment.StreamExecutionEnvironment(configuration._j_configuration)
            )
            env.set_parallelism(plan.parallelism)
            env.set_max_parallelism(MAX_PARALLELISM)
            env.add_python_file(str(code))
            tables = StreamTableEnvironment.create(env, EnvironmentSettings.in_streaming_mode())
            _build(plan, tables, factory, code.name)
            client = env.execute_async(plan.title)
            return str(client.get_job_id())
        except Exception as error:
            raise _cluster_error(error) from error


def _configuration(plan: Plan) -> dict[str, str]:
    host, port = plan.rest
    found = {
        "execution.target": "remote",
        "rest.address": host,
        "rest.port": str(port),
        "pipeline.jars": connector().as_uri(),
        "python.executable": plan.python,
        "python.execution-mode": plan.profile,
        # A bundle of records waits no longer than this for company; one record a bundle collapses.
        "python.fn-execution.bundle.size": "1000",
        "python.fn-execution.bundle.time": "5",
        "execution.buffer-timeout.interval": "1 ms",
        "execution.checkpointing.interval": f"{plan.checkpoint_ms} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.timeout": f"{CHECKPOINT_TIMEOUT_S} s",
        "execution.checkpointing.tolerable-failed-checkpoints": str(TOLERABLE_FAILURES),
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "2147483647",
        "restart-strategy.fixed-delay.delay": "200 ms",
        "table.local-time-zone": "UTC",
        # Names of operators that a savepoint can be matched with: made from what they are, not from where they stand.
        "table.exec.uid.generation": "ALWAYS",
        "table.exec.uid.format": "<id>_<transformation>",
        "pipeline.operator-chaining.enabled": "true",
        # A request of this submission that is not answered fails; the defaults wait for minutes.
        "rest.connection-timeout": "15000",
        "rest.idleness-timeout": "60000",
        "client.timeout": "60 s",
    }
    if plan.checkpoints:
        found["execution.checkpointing.dir"] = plan.checkpoints
    if plan.savepoint:
        found["execution.state-recovery.path"] = plan.savepoint
    return found


def _build(plan: Plan, tables: Any, factory: str, code: str) -> None:
    import cloudpickle
    from pyflink.common import Types
    from pyflink.datastream import KeyedStream
    from pyflink.java_gateway import get_gateway

    from streaming.runners.flink import bootstrap

    properties = {f"properties.{k}": v for k, v in plan.address.java().items()}
    tables.execute_sql(
        _table(
            "feed",
            "`k` BYTES, `v` BYTES, `at` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL",
            {
                "topic": plan.address.topic(topics.telemetry(plan.sport)),
                **properties,
                "properties.group.id": plan.group,
                "scan.startup.mode": "group-offsets",
                "properties.auto.offset.reset": "earliest",
                "properties.fetch.max.wait.ms": "50",
                "properties.max.partition.fetch.bytes": str(MAX_MESSAGE_BYTES),
                "scan.topic-partition-discovery.interval": "60 s",
            },
        )
    )
    tables.execute_sql(
        _table(
            "results",
            "`topic` STRING NOT NULL METADATA FROM 'topic', `k` BYTES, `v` BYTES, "
            "`about` MAP<STRING, BYTES> METADATA FROM 'headers'",
            {
                # of the record of a game only its removal, when the game is not known any more
                "topic": ";".join(map(plan.address.topic, (*topics.outputs(plan.sport), topics.games(plan.sport)))),
                **properties,
                "sink.delivery-guarantee": "exactly-once",
                # Of this submission alone. The ids that follow count checkpoints, and where a job begins to count anew the sink
                # would go through every id that an earlier one has used.
                "sink.transactional-id-prefix": f"{transactional_ids(plan.group, plan.sport)}{int(time.time() * 1000):x}",
                "properties.transaction.timeout.ms": str(plan.transaction_timeout_ms),
                "properties.linger.ms": "0",
                "properties.compression.type": "lz4",
                "properties.max.request.size": str(MAX_MESSAGE_BYTES),
            },
        )
    )
    record_type = Types.ROW([Types.STRING(), Types.PRIMITIVE_ARRAY(Types.BYTE()), Types.STRING()])
    query = tables.sql_query(
        "SELECT COALESCE(DECODE(`k`, 'UTF-8'), '') AS `game`, "
        "ROW(COALESCE(DECODE(`k`, 'UTF-8'), ''), COALESCE(`v`, X''), CAST(`at` AS STRING)) AS `record` FROM feed"
    )
    # The newer to_data_stream gives rows of a type that no Python operator accepts.
    pairs = tables.to_append_stream(query, Types.ROW([Types.STRING(), record_type]))
    keyed = KeyedStream(
        pairs._j_data_stream.keyBy(get_gateway().jvm.KeyByKeySelector(), Types.ROW([Types.STRING()]).get_java_type_info()),
        record_type,
        pairs,
    )
    cloudpickle.register_pickle_by_value(bootstrap)
    function = bootstrap.Bootstrap(
        code,
        "streaming.runners.flink.function",
        "GameFunction",
        plan.sport,
        factory,
        plan.snapshot_every,
        plan.profile,
        plan.keep_s,
        plan.group,
    )
    octets = Types.PRIMITIVE_ARRAY(Types.BYTE())
    message_type = Types.ROW_NAMED(
        ["topic", "key", "value", "headers"], [Types.STRING(), octets, octets, Types.MAP(Types.STRING(), octets)]
    )
    out = keyed.process(function, message_type).name("games").uid("games")
    tables.create_temporary_view("computed", tables.from_data_stream(out))
    # the workers write to topics by their own names
    topic = f"CONCAT('{plan.address.topic_prefix}', `topic`)" if plan.address.topic_prefix else "`topic`"
    statements = tables.create_statement_set()
    statements.add_insert_sql(f"INSERT INTO results SELECT {topic}, `key`, `value`, `headers` FROM computed")
    statements.attach_as_datastream()


def _table(name: str, columns: str, options: dict[str, str]) -> str:
    options = {
        "connector": "kafka",
        "key.format": "raw",
        "key.fields": "k",
        "value.format": "raw",
        "value.fields-include": "EXCEPT_KEY",
        **options,
    }
    quoted = ", ".join(f"'{k}' = '{_escaped(v)}'" for k, v in options.items())
    return f"CREATE TEMPORARY TABLE {name} ({columns}) WITH ({quoted})"


def _escaped(value: str) -> str:
    return value.replace("'", "''")


def _cluster_error(error: Exception) -> Exception:
    """The cluster's error, in one sentence."""
    text = str(error)
    if "Connection refused" in text or "RetryTimeoutException" in text or "UnknownHost" in text:
        return Unavailable("no Flink cluster answers: make up starts one on this machine, --flink URL names another")
    if "savepoint" in text.lower() and ("does not exist" in text or "Cannot find" in text or "not a savepoint" in text.lower()):
        return BadInput("there is no savepoint at the path of --savepoint")
    if type(error).__name__ == "Py4JJavaError":
        causes = [line for line in text.splitlines() if line.startswith("Caused by: ")]
        why = (causes or [text.splitlines()[-1]])[-1].removeprefix("Caused by: ").strip()[:300]
        return Unavailable(f"Flink did not take the job: {why}")
    return error
