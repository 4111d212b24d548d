"""Every graphic by the rules of OGraf (EBU, version 1): a manifest, and a web component that shows our page and plays and stops it.

The data of a graphic come by its own feed, so that a renderer sets only the gateway and the parameters of the page's
address. Sources: the manifest's JSON Schema and the web component's interface of the OGraf specification.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec

from streaming.web.graphics import Graphic, graphics

SCHEMA: Final = "https://ograf.ebu.io/v1/specification/json-schemas/graphics/schema.json"
COMPONENT: Final = "touchline-graphic.mjs"
_SOURCE: Final = Path(__file__).parent / "static" / "js" / "ograf.js"

#: parameters of an address, as an editor shows them
PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "game": {"type": "string", "title": "Game", "description": "The id of a game; the newest of the sport when left empty"},
    "sport": {"type": "string", "title": "Sport", "description": "The newest game of this sport: soccer, nfl, mlb, f1"},
    "seconds": {"type": "number", "title": "Seconds on air", "minimum": 1},
    "silent": {"type": "number", "title": "Seconds of silence until it leaves the air", "minimum": 1},
    "mode": {"type": "string", "title": "Gap to", "enum": ["interval", "gap"],
             "description": "interval: to the car ahead; gap: to the leader"},
    "rows": {"type": "integer", "title": "Cars", "minimum": 3, "maximum": 40},
    "least": {"type": "number", "title": "Least probability shown", "minimum": 0, "maximum": 1},
}  # fmt: skip

#: a gateway that asks for a token gets it in the address of the page
TOKEN: Final = {
    "type": "string",
    "title": "Token",
    "description": "Where the gateway asks for one: of the scope read, sport or game",
}


def manifest(graphic: Graphic, gateway: str) -> dict[str, Any]:
    """The manifest of one graphic whose data come from ``gateway`` unless its editor says otherwise."""
    where = {"type": "string", "title": "Gateway", "description": "Where the numbers come from", "default": gateway}
    settings = {name: PARAMETERS.get(name, {"type": "string", "title": name.capitalize()}) for name in graphic.parameters}
    return {
        "$schema": SCHEMA,
        "id": f"touchline.{graphic.name}",
        "version": version("touchline"),
        "name": graphic.title,
        "description": graphic.description,
        "main": f"{graphic.name}.mjs",
        "supportsRealTime": True,
        "supportsNonRealTime": False,
        "stepCount": 1,
        "schema": {"type": "object", "properties": settings | {"gateway": where, "token": TOKEN}},
        "renderRequirements": [{"accessToPublicInternet": {"ideal": False}}],
        "v_touchline": {"sports": graphic.sports, "stats": graphic.stats},
    }


def files(gateway: str) -> dict[str, bytes]:
    """File name -> content of a folder that holds every graphic, for a renderer that reaches us at ``gateway``."""
    found = {COMPONENT: _SOURCE.read_bytes()}
    for name, graphic in graphics().items():
        found[f"{name}.ograf.json"] = msgspec.json.format(msgspec.json.encode(manifest(graphic, gateway)), indent=2)
        arguments = ", ".join(msgspec.json.encode(each).decode() for each in (name, gateway))
        found[f"{name}.mjs"] = f'import {{ graphic }} from "./{COMPONENT}";\n\nexport default graphic({arguments});\n'.encode()
    return found
