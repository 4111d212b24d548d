"""The options of every command that listens: TLS, tokens, and whom it answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.serving.access import Tokens
    from models.serving.front import Front

Host = Annotated[
    str,
    typer.Option(
        envvar="TOUCHLINE_HOST", help="Address to listen on; any but the loopback needs TLS or --behind-proxy, and tokens."
    ),
]
TlsCert = Annotated[Path | None, typer.Option(envvar="TOUCHLINE_TLS_CERT", help="Certificate chain for TLS (PEM).", metavar="FILE")]
TlsKey = Annotated[
    Path | None, typer.Option(envvar="TOUCHLINE_TLS_KEY", help="Private key of the certificate (PEM).", metavar="FILE")
]
BehindProxy = Annotated[
    bool,
    typer.Option(
        "--behind-proxy",
        envvar="TOUCHLINE_BEHIND_PROXY",
        help="A proxy in front has TLS; clients are known by its X-Forwarded-For.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option("--tokens", envvar="TOUCHLINE_TOKENS", help="Token file; touchline tokens new makes a token.", metavar="FILE"),
]
AllowedHosts = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-host", envvar="TOUCHLINE_ALLOWED_HOSTS", help="Host name that clients use; may be repeated.", metavar="NAME"
    ),
]
AllowedOrigins = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-origin",
        envvar="TOUCHLINE_ALLOWED_ORIGINS",
        help="Origin of other pages that may read here, as https://graphics.example.com; may be repeated.",
        metavar="ORIGIN",
    ),
]
MaxConnections = Annotated[
    int | None,
    typer.Option(envvar="TOUCHLINE_MAX_CONNECTIONS", help="Maximum number of connections; fewer where files are limited.", min=1),
]


@dataclass(frozen=True, kw_only=True)
class FrontOptions:
    """The options above, as a command has them."""

    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    tokens: Path | None = None
    hosts: list[str] | None = None
    origins: list[str] | None = None
    most_connections: int | None = None


def front_of(
    host: str, options: FrontOptions, *, single_token: str = "", bounded_rate: bool = True, option: str = "--host"
) -> Front:
    """The front of a server that listens on ``host``, given by ``option``; ``BadInput`` with one sentence where it would be open.
    ``single_token`` may do everything; without ``bounded_rate`` a client may ask as often as it likes."""
    from models.serving.access import Tokens
    from models.serving.front import MOST_REQUESTS_PER_S, Front, check_front
    from models.serving.listener import tls_context
    from streaming.errors import BadInput

    cert, key, file = options.tls_cert, options.tls_key, options.tokens
    if (cert is None) != (key is None):
        raise BadInput(f"--tls-cert and --tls-key belong together: --tls-{'key' if key is None else 'cert'} is missing")
    if file is not None and single_token:
        raise BadInput("--tokens and TOUCHLINE_ENDPOINT_TOKEN exclude each other: make the token one of the file")
    try:
        given = {"tls": cert is not None, "behind_proxy": options.behind_proxy, "tokens": file is not None or bool(single_token)}
        check_front(host, **given, option=option)
        tokens = Tokens(file) if file is not None else _single(single_token) if single_token else None
        tls = None if cert is None or key is None else tls_context(cert, key)
    except ValueError as error:
        raise BadInput(str(error)) from None
    return Front(
        tokens,
        host=host,
        hosts=_checked_hosts(options.hosts or ()),
        origins=_checked_origins(options.origins or ()),
        behind_proxy=options.behind_proxy,
        requests_per_s=MOST_REQUESTS_PER_S if bounded_rate else None,
        tls=tls,
        most_connections=options.most_connections,
    )


def _single(token: str) -> Tokens:
    from models.serving.access import Grant, Tokens, digest

    return Tokens.of([Grant("the token", frozenset(("admin",)), digest(token))])


def _checked_hosts(hosts: Iterable[str]) -> list[str]:
    from streaming.errors import BadInput

    found = [name for one in hosts for name in one.split(",") if name]
    for name in found:
        if "/" in name or name.count(":") == 1 or any(c.isspace() for c in name):
            raise BadInput(f"--allowed-host {name} is not a host name: it has no scheme, port or path")
    return found


def _checked_origins(origins: Iterable[str]) -> list[str]:
    from urllib.parse import urlsplit

    from streaming.errors import BadInput

    found = [origin.rstrip("/") for one in origins for origin in one.split(",") if origin]
    for origin in found:
        try:
            parts = urlsplit(origin)
            good = parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.path and not parts.query
        except ValueError:
            good = False
        if origin not in ("null", "*") and not good:
            raise BadInput(f"--allowed-origin {origin} is not an origin like https://graphics.example.com")
    return found
