"""``touchline endpoint``: the models over HTTP, for operators and other programs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from streaming.observability.logs import on_air

if TYPE_CHECKING:
    from models.registry.store import Store
    from models.serving.deployed import DeploymentSync
    from models.serving.loaded_models import LoadedModels


def endpoint(
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65_535)] = 8090,
    host: Host = "127.0.0.1",
    uds: Annotated[Path | None, typer.Option(help="Also listen on this Unix socket.", metavar="PATH")] = None,
    models: Annotated[
        list[Path] | None,
        typer.Option(help="Model folder, or a folder of them, instead of the shipped models; may be repeated.", metavar="FOLDER"),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            "--registry",
            envvar="TOUCHLINE_REGISTRY",
            help="Serve the models deployed in this registry, also later ones.",
            metavar="DIR",
        ),
    ] = None,
    waiting: Annotated[
        int, typer.Option(help="Maximum number of waiting requests; further ones get 503 with Retry-After.", min=1)
    ] = 1024,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    behind_proxy: BehindProxy = False,
    tokens: TokenFile = None,
    allowed_host: AllowedHosts = None,
    allowed_origin: AllowedOrigins = None,
    max_connections: MaxConnections = None,
) -> None:
    """Serve models over HTTP, by the contract of a SageMaker container, until Ctrl-C or SIGTERM.

    Example: touchline endpoint --port 8090 --uds /tmp/touchline.sock

    Ask it: curl -H 'content-type: text/csv' --data-binary @rows.csv http://127.0.0.1:8090/models/xgoals/invoke

    With --tokens, or one token in TOUCHLINE_ENDPOINT_TOKEN, every request but /ping must carry one (Authorization: Bearer ...): the
    scope predict asks models, admin also loads them and reads /metrics.
    """
    import uvloop

    from models.serving.loaded_models import LoadedModels
    from models.serving.server import Server
    from streaming.errors import Unavailable

    options = FrontOptions(
        tls_cert=tls_cert,
        tls_key=tls_key,
        behind_proxy=behind_proxy,
        tokens=tokens,
        hosts=allowed_host,
        origins=allowed_origin,
        most_connections=max_connections,
    )
    # an operator asks as often as there is something to ask; the queue is bounded
    front = front_of(host, options, single_token=os.environ.get("TOUCHLINE_ENDPOINT_TOKEN", ""), bounded_rate=False)
    loaded = LoadedModels(models or ())
    deployed = None
    if store is not None and not models:
        deployed = _follow(loaded, store)
    else:
        _load(loaded, models)
    server = Server(
        loaded,
        host=host,
        port=port,
        uds=uds,
        front=front,
        most_waiting=waiting,
    )

    async def serve() -> None:
        await server.start()
        if deployed is not None:
            deployed.start(asyncio.get_running_loop())
        where = f"{'http' if front.tls is None else 'https'}://{host}:{server.port}" + (f" and {uds}" if uds else "")
        print(f"{len(loaded.models)} models at {where}: {', '.join(sorted(loaded.models))}; Ctrl-C ends it", flush=True)
        on_air()
        await server.until_signal()

    try:
        uvloop.run(serve())
    except OSError as error:
        raise Unavailable(f"the endpoint cannot listen there: {error.strerror or error}") from None
    print("drained: every request that was taken in has been answered", flush=True)


def _follow(loaded: LoadedModels, root: Path) -> DeploymentSync:
    from models.artefact import shipped
    from models.registry.store import Store
    from models.serving.contract import Refused
    from models.serving.deployed import DeploymentSync
    from models.specs import SPECS
    from streaming.errors import BadInput

    if not root.is_dir():
        raise BadInput(f"there is no model registry at {root}: touchline models train makes one")
    store = Store(root)
    try:
        registered = [name for name in store.names() if name in SPECS and _is_live(store, name)]
        return DeploymentSync(loaded, store, {*shipped(), *registered})
    except (ValueError, Refused) as error:
        raise BadInput(str(error)) from None


def _is_live(store: Store, name: str) -> bool:
    """Whether a version of the model was deployed; where that cannot be read the follower finds out, and says so."""
    try:
        return store.deployed(name) is not None
    except (ValueError, OSError):
        return True


def _load(loaded: LoadedModels, folders: list[Path] | None) -> None:
    from models.artefact import load, model_file, shipped
    from models.serving.contract import Refused
    from streaming.errors import BadInput

    found = [(name, model_file(name).parent) for name in (*shipped(), *(f"{name}@real" for name in shipped("real")))]
    if folders:
        found = []
        for folder in folders:
            inside = [folder] if (folder / "card.json").is_file() else sorted(p.parent for p in folder.glob("*/card.json"))
            if not inside:
                raise BadInput(f"{folder} is no model folder (with a card.json), and there is none in it")
            found += [("", place) for place in inside]
    for name, folder in found:
        try:
            model = load(folder)
            name = name or model.name
            if name in loaded.models:
                raise BadInput(f"{name} is in {loaded.models[name].url} and in {folder}")
            loaded.add(name, model, str(folder))
        except (ValueError, Refused) as error:
            raise BadInput(str(error)) from None
