"""Where a model runs, by one setting.

    my-xgoals/ or xgoals               in this process: a folder, or a name of the package's
    http://host:port                   an endpoint over TCP
    https://host:port                  the same over TLS; the certificate must be valid (SSL_CERT_FILE names other authorities)
    unix:/path/of.sock                 the same over a Unix socket
    sagemaker:ENDPOINT                 an endpoint in AWS, through its runtime

An address may have parameters, as a URL does: ``?deadline_ms=25`` (connecting, sending and receiving together), ``fallback=none``
(without the model in this process as a fallback: the stat is then stale), ``version=...`` (accept no other), ``model=...`` (its
name there), and for SageMaker ``region=...`` and ``target=...`` (of a multi-model endpoint).
"""

from __future__ import annotations

import os
import ssl
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from models.artefact import load, shipped_folder
from models.base import Feature, Model
from models.serving.access import client_token
from models.serving.client import DEADLINE_S, RemoteModel, Transport
from models.serving.transports import HttpTransport, SageMakerTransport

TOKEN: Final = "TOUCHLINE_ENDPOINT_TOKEN"  # the name of the variable; with _FILE, of the one that names a file with the token
_COMMON: Final = ("deadline_ms", "fallback", "version", "model")
_OPTIONS: Final = {"http": _COMMON, "https": _COMMON, "unix": _COMMON, "sagemaker": (*_COMMON, "region", "target")}


def is_address(setting: str) -> bool:
    """Whether the setting is the address of an endpoint."""
    scheme = setting.partition(":")[0]
    return ":" in setting and scheme in _OPTIONS


def connect(name: str, setting: str, local: Model | None = None, features: tuple[Feature, ...] = ()) -> Model:
    """The model ``name`` as the setting has it; ``ValueError`` with one sentence when it cannot be. ``local`` is the model in this
    process: its features are those of the request (or ``features`` are), and it is the fallback. No request is sent yet."""
    if not is_address(setting):
        return load(setting)
    scheme, where, options = _parsed(setting)
    served = options.get("model") or _served_name(name, local)
    transport: Transport
    if scheme == "sagemaker":
        transport = SageMakerTransport(where, target=options.get("target", ""), region=options.get("region", ""))
    elif scheme == "unix":
        transport = HttpTransport(where, served, _token)
    else:
        tls = ssl.create_default_context() if scheme == "https" else None
        transport = HttpTransport(_host_port(where, setting, 443 if tls else 80), served, _token, tls)
    if local is not None:
        name, features = local.name, local.features
    return RemoteModel(
        name,
        features,
        transport,
        deadline_s=_deadline_s(options),
        local=local,
        use_fallback=options.get("fallback") != "none",
        version=options.get("version", ""),
    )


def _served_name(name: str, local: Model | None) -> str:
    """What an endpoint serves the model under: the package's own of real games has a name beside that of simulated games."""
    of, view, point = name.partition("/")
    real = shipped_folder(f"{of}@real")
    if local is None or real is None or load(real).version != local.version:
        return name
    return f"{of}@real{view}{point}"


def _parsed(setting: str) -> tuple[str, str, dict[str, str]]:
    scheme, _, rest = setting.partition(":")
    where, _, query = rest.partition("?")
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise ValueError(f"{setting}: the part after the question mark is not name=value&...") from None
    unknown = [name for name in options if name not in _OPTIONS[scheme]]
    if unknown:
        raise ValueError(f"{setting}: unknown option {unknown[0]!r}; options are {', '.join(_OPTIONS[scheme])}")
    if options.get("fallback", "shipped") not in ("shipped", "none"):
        raise ValueError(f"{setting}: fallback is shipped or none, not {options['fallback']!r}")
    if not where.strip("/") or "\0" in where:
        raise ValueError(f"{setting} names no endpoint")
    return scheme, where, options


def _token() -> str:
    return client_token(os.environ, TOKEN)


def _host_port(where: str, setting: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"http:{where}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.path not in ("", "/") or parts.username or not host.isascii() or any(c.isspace() for c in host):
        raise ValueError(f"{setting}: an endpoint over TCP is http://host:port")
    return host, port or default_port


def _deadline_s(options: dict[str, str]) -> float:
    text = options.get("deadline_ms")
    if text is None:
        return DEADLINE_S
    try:
        deadline_ms = float(text)
    except ValueError:
        deadline_ms = 0.0
    if not 1.0 <= deadline_ms <= 60_000.0:
        raise ValueError(f"deadline_ms is {text!r}, not 1 to 60000 milliseconds")
    return deadline_ms / 1000.0
