"""Where a broker is and how to be let in: an address, and security settings from a file or the environment.

The names are those of kafka-python without the detours; ``java`` gives the same settings to a Java client, as Flink's
connector wants them.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from streaming.errors import BadInput, excerpt
from streaming.kafka.tokens import MskIam, check_url, client_credentials, provider
from streaming.observability.logs import hide

#: mechanisms that log in with a token
TOKENS: Final = ("OAUTHBEARER", "AWS_MSK_IAM")
_JAVA_SECURITY: Final = "org.apache.flink.kafka.shaded.org.apache.kafka.common.security"
ENVIRONMENT: Final = "TOUCHLINE_KAFKA_"
_PREFIX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,98}\.\Z")
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):(\d{1,5})\Z")


class Security(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Security of a connection to a broker. Paths are PEM files; ``ssl_password`` opens an encrypted key. OAUTHBEARER gets its
    tokens from ``oauth_token_url`` for the client's id and secret (itself, or a file with it), AWS_MSK_IAM signs them for
    ``aws_region``."""

    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = ""
    sasl_username: str = ""
    sasl_password: str = ""
    oauth_token_url: str = ""
    oauth_client_id: str = ""
    oauth_client_secret: str = ""
    oauth_client_secret_file: str = ""
    oauth_scope: str = ""
    oauth_cafile: str = ""
    aws_region: str = ""
    aws_role_arn: str = ""
    ssl_cafile: str = ""
    ssl_certfile: str = ""
    ssl_keyfile: str = ""
    ssl_password: str = ""
    ssl_check_hostname: bool = True


class Address(msgspec.Struct, frozen=True):
    """The parts of ``kafka://host:port[,host:port...][/?topic_prefix=staging.]``. With a prefix, all topics, groups and
    transactional ids of this deployment begin with it: several tenants, or staging beside production, on one broker."""

    servers: tuple[str, ...]
    security: Security = Security()
    topic_prefix: str = ""

    @property
    def text(self) -> str:
        """For messages: never a secret in it."""
        return "kafka://" + ",".join(self.servers) + (f"/?topic_prefix={self.topic_prefix}" if self.topic_prefix else "")

    def topic(self, name: str) -> str:
        """What a topic of ``streaming.wire.topics`` is called on the broker."""
        return self.topic_prefix + name

    def group(self, name: str) -> str:
        """What a consumer group is called on the broker; transactional ids begin with that."""
        return self.topic_prefix + name

    def python(self) -> dict[str, Any]:
        """Arguments of every kafka-python client."""
        s = self.security
        found: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "security_protocol": s.security_protocol,
            "bootstrap_timeout_ms": 8_000,
            "reconnect_backoff_max_ms": 1_000,
            "metrics_enabled": False,
            "allow_auto_create_topics": False,
        }
        if s.security_protocol.startswith("SASL"):
            if s.sasl_mechanism in TOKENS:
                found |= {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": _tokens(s)}
            else:
                found["sasl_mechanism"] = s.sasl_mechanism
                found |= {"sasl_plain_username": s.sasl_username, "sasl_plain_password": s.sasl_password}
        if s.security_protocol.endswith("SSL"):
            found["ssl_check_hostname"] = s.ssl_check_hostname
            found |= {k: v for k in ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_password") if (v := getattr(s, k))}
        return found

    def admin(self) -> dict[str, Any]:
        """Arguments of a kafka-python administration client, which knows fewer settings."""
        return {k: v for k, v in self.python().items() if k not in ("allow_auto_create_topics", "metrics_enabled")}

    def java(self) -> dict[str, str]:
        """The same for a Java client."""
        s = self.security
        found = {"bootstrap.servers": ",".join(self.servers), "security.protocol": s.security_protocol}
        if s.security_protocol.startswith("SASL"):
            if s.sasl_mechanism in TOKENS:
                raise BadInput(f"{s.sasl_mechanism} is for the embedded runner: a job logs in with PLAIN, SCRAM or a certificate")
            kind = "scram.ScramLoginModule" if s.sasl_mechanism.startswith("SCRAM") else "plain.PlainLoginModule"
            found["sasl.mechanism"] = s.sasl_mechanism
            found["sasl.jaas.config"] = _jaas(kind, username=s.sasl_username, password=s.sasl_password)
        return found | self._java_tls()

    def _java_tls(self) -> dict[str, str]:
        s, found = self.security, dict[str, str]()
        if s.security_protocol.endswith("SSL"):
            if s.ssl_cafile:
                found |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": s.ssl_cafile}
            if s.ssl_certfile:
                # A PEM key store is one file with the key and its certificates.
                found |= {
                    "ssl.keystore.type": "PEM",
                    "ssl.keystore.certificate.chain": _read(s.ssl_certfile),
                    "ssl.keystore.key": _read(s.ssl_keyfile or s.ssl_certfile),
                }
            if s.ssl_password:
                found["ssl.key.password"] = s.ssl_password
            if not s.ssl_check_hostname:
                found["ssl.endpoint.identification.algorithm"] = ""
        return found


def _jaas(module: str, **options: str) -> str:
    """A login module of the client that is inside Flink's connector."""
    words = (f'{name}="{value}"' for name, raw in options.items() if (value := raw.replace("\\", "\\\\").replace('"', '\\"')))
    return f"{_JAVA_SECURITY}.{module} required {' '.join(words)};"


def _tokens(s: Security) -> Any:
    if s.sasl_mechanism == "AWS_MSK_IAM":
        return provider(MskIam, s.aws_region, s.aws_role_arn)
    client = s.oauth_client_id, s.oauth_client_secret, s.oauth_client_secret_file
    return provider(client_credentials, s.oauth_token_url, *client, s.oauth_scope, s.oauth_cafile)


def parse(url: str, settings: Path | None = None, environment: Mapping[str, str] | None = None) -> Address:
    """An address from a URL, with the security settings of a TOML file, or else of the environment
    (``TOUCHLINE_KAFKA_SASL_PASSWORD`` and so on). ``BadInput`` with one sentence when something is amiss."""
    scheme, _, rest = url.partition("://")
    rest, _, query = rest.partition("?")
    if scheme != "kafka" or not rest:
        raise BadInput(f"{url!r} is not a Kafka address: give kafka://host:port")
    if "@" in rest:
        raise BadInput("a Kafka address holds no password: put it into a settings file (--kafka-settings) or the environment")
    servers = []
    for server in rest.rstrip("/").split(","):
        found = _HOST.match(server if ":" in server.rpartition("]")[2] else server + ":9092")
        if not found or not 0 < int(found[2]) <= 65_535:
            raise BadInput(f"{server!r} is not host:port")
        servers.append(f"{found[1]}:{found[2]}")
    security, prefix = _settings(settings, os.environ if environment is None else environment)
    return Address(tuple(servers), security, _prefix(query, prefix))


def _prefix(query: str, default: str) -> str:
    """The topics' prefix of an address, else that of the settings."""
    try:
        found = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise BadInput(f"{query!r} is no part of a Kafka address: after ? comes topic_prefix=NAME.") from None
    if unknown := sorted({name for name, _ in found} - {"topic_prefix"}):
        raise BadInput(f"a Kafka address has no {unknown[0]}: after ? comes topic_prefix=NAME.")
    prefix = found[-1][1] if found else default
    if prefix and not _PREFIX.match(prefix):
        # Without the dot at its end, one tenant's prefix could be the beginning of another's.
        raise BadInput(
            f"topic_prefix {prefix!r} is not one: letters, digits, _, - and dots, with a dot at its end, such as staging."
        )
    return prefix


def _settings(settings: Path | None, environment: Mapping[str, str]) -> tuple[Security, str]:
    """The security settings, and the topics' prefix."""
    where = "the environment"
    values: dict[str, Any] = {
        name.removeprefix(ENVIRONMENT).lower(): value for name, value in environment.items() if name.startswith(ENVIRONMENT)
    }
    if isinstance(values.get("ssl_check_hostname"), str):
        values["ssl_check_hostname"] = values["ssl_check_hostname"].lower() not in ("0", "false", "no")
    if settings is not None:
        where = str(settings)
        try:
            values |= tomllib.loads(settings.read_text("utf-8"))
        except OSError as error:
            raise BadInput(f"cannot read {settings}: {error.strerror}") from None
        except (ValueError, RecursionError) as error:  # a number of 5,000 digits is no TOMLDecodeError
            raise BadInput(f"{settings} is not TOML: {error}") from None
    prefix = values.pop("topic_prefix", "")
    if not isinstance(prefix, str):
        raise BadInput(f"Kafka settings in {where}: topic_prefix is a word, not {excerpt(prefix)}")
    try:
        security = msgspec.convert(values, Security)
    except msgspec.ValidationError as error:
        raise BadInput(f"Kafka settings in {where}: {error}") from None
    for secret in (security.sasl_password, security.ssl_password, security.oauth_client_secret):
        hide(secret)
    _check(security, where)
    return security, prefix


def _check(s: Security, where: str) -> None:
    known = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
    if s.security_protocol not in known:
        raise BadInput(f"Kafka settings in {where}: security_protocol is one of {', '.join(known)}, not {s.security_protocol!r}")
    if s.security_protocol.startswith("SASL"):
        mechanisms = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", *TOKENS)
        if s.sasl_mechanism not in mechanisms:
            raise BadInput(f"Kafka settings in {where}: sasl_mechanism is one of {', '.join(mechanisms)}, not {s.sasl_mechanism!r}")
        needed = {"OAUTHBEARER": ("oauth_token_url", "oauth_client_id"), "AWS_MSK_IAM": ("aws_region",)}
        for name in needed.get(s.sasl_mechanism, ("sasl_username",)):
            if not getattr(s, name):
                raise BadInput(f"Kafka settings in {where}: {name} is missing")
        if s.sasl_mechanism == "OAUTHBEARER":
            check_url(s.oauth_token_url)
            if bool(s.oauth_client_secret) == bool(s.oauth_client_secret_file):
                raise BadInput(f"Kafka settings in {where}: give oauth_client_secret or oauth_client_secret_file")
        if s.sasl_mechanism == "AWS_MSK_IAM" and s.security_protocol != "SASL_SSL":
            raise BadInput(f"Kafka settings in {where}: AWS_MSK_IAM goes with security_protocol SASL_SSL")
    elif s.sasl_mechanism or s.sasl_username:
        raise BadInput(f"Kafka settings in {where}: a SASL login needs security_protocol SASL_PLAINTEXT or SASL_SSL")
    for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "oauth_cafile", "oauth_client_secret_file"):
        path = getattr(s, name)
        if path and not Path(path).is_file():
            raise BadInput(f"Kafka settings in {where}: there is no file {path} ({name})")


def _read(path: str) -> str:
    return Path(path).read_text("utf-8")
