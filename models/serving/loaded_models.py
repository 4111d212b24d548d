"""The models that a server has loaded, by name. A request keeps its model to the end, so that replacing or unloading a model
neither drops nor mixes a prediction."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from models import artefact
from models.artefact import ForestModel
from models.base import Floats, Model, digest_of
from models.curve import curve_of
from models.serving.contract import Refused
from models.serving.metrics import ServingMetrics
from models.serving.validation import PlausibleRange
from models.specs import SPECS

MOST_MODELS: Final = 128
#: where SageMaker puts the models of a container
CONTAINER: Final = Path("/opt/ml/models")


class ServedModel:
    """A loaded model under the name that requests use."""

    __slots__ = ("digest", "headers", "metrics", "model", "name", "names", "plausible_range", "url", "version")

    def __init__(self, name: str, model: Model, url: str, metrics: ServingMetrics) -> None:
        self.name, self.model, self.url, self.metrics = name, model, url, metrics
        self.version, self.digest = model.version, digest_of(model)
        self.names = tuple(f.name for f in model.features)
        self.plausible_range = PlausibleRange(model.features)
        self.headers = f"x-touchline-model: {name}\r\nx-touchline-version: {self.version}\r\n".encode()

    def predict(self, rows: Floats) -> Floats:
        return self.model.predict(rows)

    def card(self) -> dict[str, object]:
        """The two fields of the contract, and version, digest, features and classes."""
        features = [{"name": f.name, "unit": f.unit, "label": f.label} for f in self.model.features]
        classes = list(getattr(self.model, "classes", ()))
        described = {"modelName": self.name, "modelUrl": self.url, "version": self.version, "features": features}
        described["digest"] = self.digest
        return described | ({"classes": classes} if classes else {})


class LoadedModels:
    """``roots``: folders from which a request may have a model loaded, besides the package's own artefacts. The metrics
    of a model outlive it, so that a counter never falls."""

    def __init__(self, roots: Iterable[Path] = ()) -> None:
        self.models: dict[str, ServedModel] = {}
        #: models that should be served and cannot be read, and why
        self.unavailable: dict[str, str] = {}
        self.metrics: dict[str, ServingMetrics] = {"": ServingMetrics()}
        self.roots = [root.resolve() for root in (*roots, artefact.SHIPPED, CONTAINER)]

    def add(self, name: str, model: Model, url: str) -> None:
        """Serve a model, in place of another of its name."""
        self.install(self.prepare(name, model, url))

    def prepare(self, name: str, model: Model, url: str) -> list[ServedModel]:
        """Warmed-up models: NAME and, where the model has a curve, NAME/curve."""
        if not name or len(name) > 200 or not name.isprintable() or not name.isascii():
            raise Refused("bad model", "a model's name is 1 to 200 printable ASCII characters")
        views = {name: model}
        if isinstance(model, ForestModel) and model.name in SPECS and SPECS[model.name].curve:
            views[f"{name}/curve"] = curve_of(model)
        found = [ServedModel(one, as_, url, self.metrics.get(one) or ServingMetrics()) for one, as_ in views.items()]
        for served in found:
            for rows in (1, 21):
                served.predict(np.full((rows, len(served.names)), np.nan))
        return found

    def install(self, found: list[ServedModel]) -> None:
        """Serve these models from now on."""
        if len({*self.models, *(served.name for served in found)}) > MOST_MODELS:
            raise Refused("no room", f"{len(self.models)} models are loaded: unload one first")
        for served in found:
            self.metrics[served.name] = served.metrics
            self.models[served.name] = served
            self.unavailable.pop(served.name, None)

    def open_folder(self, url: str) -> Model:
        """The model in a folder (or ``file://`` of one); ``Refused`` for any other folder, or one without a model. Slow: not for
        the event loop."""
        folder = Path(url.removeprefix("file://"))
        if "\0" in url or not self._allowed(folder):
            raise Refused("forbidden folder", "models are loaded only from the folders that the endpoint was started with")
        try:
            return artefact.load(folder.resolve())
        except (ValueError, OSError) as error:
            raise Refused("bad model", str(error)[:300]) from None

    def find(self, name: str) -> ServedModel:
        served = self.models.get(name)
        if served is None and name in self.unavailable:
            raise Refused("model unavailable", f"{name} cannot be served: {self.unavailable[name]}"[:500])
        if served is None:
            raise Refused("unknown model", f"no model {name[:80]!r} is loaded: GET /models lists the {len(self.models)} that are")
        return served

    def single(self) -> ServedModel:
        """The model of a request that names none."""
        if len(self.models) == 1:
            return next(iter(self.models.values()))
        raise Refused(
            "no model named",
            f"{len(self.models)} models are loaded: name one in X-Amzn-SageMaker-Target-Model (GET /models lists them)",
        )

    def remove(self, name: str) -> None:
        self.find(name)
        for one in (name, f"{name}/curve"):
            self.models.pop(one, None)

    def _allowed(self, folder: Path) -> bool:
        real = folder.resolve()
        return any(real.is_relative_to(root) for root in self.roots)
