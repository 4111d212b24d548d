"""The models that a server has loaded, by name. A request holds the one it was given to the end, so that a model which is replaced
or unloaded meanwhile neither drops nor mixes a prediction."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from models import artefact
from models.artefact import ForestModel
from models.base import Floats, Model
from models.curve import curve_of
from models.serving.contract import Refused
from models.serving.metrics import ServingMetrics
from models.serving.validation import Plausible
from models.specs import SPECS

MOST_MODELS: Final = 128
#: where SageMaker puts the models of a container
CONTAINER: Final = Path("/opt/ml/models")


class Served:
    """A loaded model under the name it is asked by."""

    __slots__ = ("head", "model", "name", "names", "plausible", "tally", "url", "version")

    def __init__(self, name: str, model: Model, url: str, tally: ServingMetrics) -> None:
        self.name, self.model, self.url, self.tally = name, model, url, tally
        self.version = model.version
        self.names = tuple(f.name for f in model.features)
        self.plausible = Plausible(model.features)
        self.head = f"x-touchline-model: {name}\r\nx-touchline-version: {self.version}\r\n".encode()

    def predict(self, rows: Floats) -> Floats:
        return self.model.predict(rows)

    def card(self) -> dict[str, object]:
        """The contract's two fields, and what a client needs to ask."""
        features = [{"name": f.name, "unit": f.unit, "label": f.label} for f in self.model.features]
        classes = list(getattr(self.model, "classes", ()))
        told = {"modelName": self.name, "modelUrl": self.url, "version": self.version, "features": features}
        return told | ({"classes": classes} if classes else {})


class Registry:
    """``roots``: folders from which a request may have a model loaded, besides the package's own artefacts. A tally outlives
    its model, so that a counter never falls."""

    def __init__(self, roots: Iterable[Path] = ()) -> None:
        self.models: dict[str, Served] = {}
        self.tallies: dict[str, ServingMetrics] = {"": ServingMetrics()}
        self.roots = [root.resolve() for root in (*roots, artefact.SHIPPED, CONTAINER)]

    def add(self, name: str, model: Model, url: str) -> None:
        """Serve a model, in place of another of its name."""
        self.install(self.prepared(name, model, url))

    def prepared(self, name: str, model: Model, url: str) -> list[Served]:
        """Ready to answer: under its name and, where it can be asked along an axis, NAME/curve. Being asked loads compiled code."""
        if not name or len(name) > 200 or not name.isprintable() or not name.isascii():
            raise Refused("bad model", "a model's name is 1 to 200 printable ASCII characters")
        asked = {name: model}
        if isinstance(model, ForestModel) and model.name in SPECS and SPECS[model.name].curve:
            asked[f"{name}/curve"] = curve_of(model)
        found = [Served(one, as_, url, self.tallies.get(one) or ServingMetrics()) for one, as_ in asked.items()]
        for served in found:
            for rows in (1, 21):
                served.predict(np.full((rows, len(served.names)), np.nan))
        return found

    def install(self, found: list[Served]) -> None:
        """Serve what is ready from now on."""
        if len({*self.models, *(served.name for served in found)}) > MOST_MODELS:
            raise Refused("no room", f"{len(self.models)} models are loaded: unload one first")
        for served in found:
            self.tallies[served.name] = served.tally
            self.models[served.name] = served

    def opened(self, url: str) -> Model:
        """The model in a folder (or ``file://`` of one); ``Refused`` when it lies elsewhere or is none. Slow: not on the loop."""
        folder = Path(url.removeprefix("file://"))
        if "\0" in url or not self._allowed(folder):
            raise Refused("forbidden folder", "models are loaded from the folders that the endpoint was started with, no others")
        try:
            return artefact.load(folder.resolve())
        except (ValueError, OSError) as error:
            raise Refused("bad model", str(error)[:300]) from None

    def named(self, name: str) -> Served:
        served = self.models.get(name)
        if served is None:
            raise Refused("unknown model", f"no model {name[:80]!r} is loaded: GET /models lists the {len(self.models)} that are")
        return served

    def only(self) -> Served:
        """The one that a request means which names none."""
        if len(self.models) == 1:
            return next(iter(self.models.values()))
        raise Refused(
            "no model named",
            f"{len(self.models)} models are loaded: name one in X-Amzn-SageMaker-Target-Model (GET /models lists them)",
        )

    def remove(self, name: str) -> None:
        self.named(name)
        for one in (name, f"{name}/curve"):
            self.models.pop(one, None)

    def _allowed(self, folder: Path) -> bool:
        real = folder.resolve()
        return any(real.is_relative_to(root) for root in self.roots)
