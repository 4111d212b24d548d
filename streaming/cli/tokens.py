"""``touchline tokens``: who may read the gateway, ask the endpoint, or administer either."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.serving.access import Grant

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Make, list and take back tokens.\n\nExample: touchline tokens new --scope sport:soccer --name obs-1",
    no_args_is_help=True,
)

File = Annotated[
    Path, typer.Option("--tokens", envvar="TOUCHLINE_TOKENS", help="Token file (TOML, or JSON by its name).", metavar="FILE")
]
DEFAULT = Path("tokens.toml")


@app.command()
def new(
    scope: Annotated[
        list[str],
        typer.Option(help="read, sport:NAME, game:ID, predict, gallery, metrics or admin; may be repeated.", metavar="SCOPE"),
    ],
    name: Annotated[str, typer.Option(help="Whose token it is; names are in the log, tokens never.")] = "",
    days: Annotated[float | None, typer.Option(help="Days until it expires. Default: never.", min=0.001, max=36_500)] = None,
    tokens: File = DEFAULT,
) -> None:
    """Make a token, print it once, and keep its hash in the token file. Servers that use the file take it up by themselves.

    Example: touchline tokens new --scope sport:soccer --name obs-1 --days 30

    Exchange a token without a gap: make a new one, hand it out, then touchline tokens revoke the old name.
    """
    from models.serving.access import new_token
    from streaming.errors import BadInput

    found = _read(tokens, missing_ok=True)
    taken = {grant.name for grant in found}
    name = name or next(one for n in range(len(taken) + 1) if (one := f"token-{n + 1}") not in taken)
    if name in taken:
        raise BadInput(f"{tokens} has a token {name!r} already: choose another --name, or revoke it first")
    if not name.isprintable():
        raise BadInput(f"--name {name!r} is not printable")
    try:
        token, grant = new_token(name, scope, days)
    except ValueError as error:
        raise BadInput(str(error)) from None
    _write(tokens, [*found, grant])
    print(token)
    typer.echo(f"{name}: {_about(grant.scopes, grant.expires_s)}; its hash is in {tokens}, the token is shown only here", err=True)


@app.command("list")
def list_(tokens: File = DEFAULT) -> None:
    """List the tokens of a file: names, scopes and expiry.

    Example: touchline tokens list --tokens tokens.toml
    """
    for grant in _read(tokens):
        print(f"{grant.name:<24} {_about(grant.scopes, grant.expires_s)}")


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="Name of the token.")], tokens: File = DEFAULT) -> None:
    """Take a token back; what is open by it is closed within seconds.

    Example: touchline tokens revoke obs-1
    """
    from streaming.errors import BadInput

    found = _read(tokens)
    kept = [grant for grant in found if grant.name != name]
    if len(kept) == len(found):
        raise BadInput(f"{tokens} has no token {name!r}: {', '.join(grant.name for grant in found) or 'it has none'}")
    _write(tokens, kept)
    print(f"{name} is taken back: {len(kept)} left in {tokens}")


def _about(scopes: frozenset[str], expires_s: float | None) -> str:
    until = "never expires" if expires_s is None else f"expires {datetime.fromtimestamp(expires_s, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{', '.join(sorted(scopes))}; {until}"


def _read(path: Path, *, missing_ok: bool = False) -> list[Grant]:
    from models.serving.access import read_tokens
    from streaming.errors import BadInput

    if missing_ok and not path.exists():
        return []
    try:
        return read_tokens(path)
    except ValueError as error:
        raise BadInput(str(error)) from None


def _write(path: Path, grants: list[Grant]) -> None:
    from models.serving.access import write_tokens
    from streaming.errors import BadInput

    try:
        write_tokens(path, grants)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
