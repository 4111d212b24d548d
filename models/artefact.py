"""A model on disk: a folder with xgboost's own model file and a card, and nothing that is ever executed.

``model.json`` (or ``model.ubj``) is what xgboost saved; ``card.json`` says what it is: features in order, with units, what it
was trained on and by which command, how it scored, and the calibration as plain numbers. The digest is a hash of both, so that
a file that was tampered with does not load. Its first twelve digits are the version that people see. Two artefacts with the
same twelve digits can be made in a minute, so the whole digest is compared wherever it matters which model it is.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from models.base import Feature, Floats
from models.calibration import Calibration
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import Forest, read_forest
from models.home import Home, Origin
from models.specs import SPECS, ModelSpec, artefact_root
from models.swap import replacing, standing

SCHEMA: Final = 1
#: what the package brings: a folder ``simulated`` and a folder ``real``, by what the models in it were trained on
SHIPPED: Final = Path(__file__).parent / "artefacts"
FILES: Final = ("model.json", "model.ubj")
CARD: Final = "card.json"
#: digits of a version, at least
SHORT: Final = 12
_MOST_BYTES: Final = 200_000_000


class CardFeature(msgspec.Struct, frozen=True):
    name: str
    unit: str
    label: str = ""


class Card(msgspec.Struct, frozen=True):
    """The description of a model. ``metrics`` come from held-out games; ``trained_on`` describes source, rows, games, seed;
    ``limits`` says what it does not know and must not be used for, ``home`` for which rows it is valid; both are empty on cards of
    earlier versions."""

    name: str
    title: str
    classes: list[str]
    features: list[CardFeature]
    trained_on: dict[str, str | float | int]
    command: str
    seed: int
    metrics: dict[str, Any] = {}
    calibration: Calibration = Calibration()
    parameters: dict[str, Any] = {}
    version: str = ""
    schema: int = SCHEMA
    limits: str = ""
    home: Home | None = None

    @classmethod
    def of(
        cls,
        spec: ModelSpec,
        *,
        trained_on: dict[str, str | float | int],
        command: str,
        seed: int,
        metrics: dict[str, Any],
        parameters: dict[str, Any],
        home: Home,
        calibration: Calibration = Calibration(),  # noqa: B008 (frozen)
    ) -> Card:
        """The card of a model trained as ``spec`` declares it: its names, classes, features and limits are those of the spec."""
        return cls(
            name=spec.name,
            title=spec.title,
            classes=list(spec.classes),
            features=[CardFeature(f.name, f.unit, f.label) for f in spec.features],
            trained_on=trained_on,
            command=command,
            seed=seed,
            metrics=metrics,
            calibration=calibration,
            parameters=parameters,
            limits=spec.limits,
            home=home,
        )


class ForestModel:
    """A loaded artefact: a ``models.base.Model`` that can explain itself.

    ``predict`` (B, F) -> (B,) for two classes (the probability of the second), (B, C) for more. ``attribute`` gives the
    contributions to the margin before calibration, (B, F + 1), or (B, C, F + 1) for several classes.
    """

    def __init__(self, card: Card, forest: Forest, digest: str = "", folder: Path | None = None) -> None:
        classes = max(2, forest.classes)
        if len(card.features) != forest.features:
            raise ValueError(f"the card of {card.name} lists {len(card.features)} features, its forest has {forest.features}")
        if len(card.classes) != classes:
            raise ValueError(f"the card of {card.name} lists {len(card.classes)} classes, its forest has {classes}")
        card.calibration.check(forest.classes)
        self.card, self.forest = card, forest
        #: the whole hash of the artefact (the version of a model that is none), and where it was read from
        self.digest, self.folder = digest or card.version, folder
        self._features = tuple(Feature(f.name, f.unit, f.label) for f in card.features)
        self._margins = Margins(forest)
        self._probability = card.calibration.applier()
        self._attribution: Attribution | None = None
        spec = SPECS.get(card.name)
        names = [f.name for f in card.features]
        self._needs = [names.index(name) for name in spec.needs if name in names] if spec else []

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def version(self) -> str:
        return self.card.version

    @property
    def features(self) -> tuple[Feature, ...]:
        return self._features

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.card.classes)

    @property
    def home(self) -> Home | None:
        """The rows for which it is valid; None on cards of earlier versions."""
        return self.card.home

    @property
    def trained_on_origin(self) -> Origin:
        """What it was trained on; on older cards as the text of ``trained_on`` has it."""
        if self.card.home is not None:
            return self.card.home.origin
        return "simulated" if str(self.card.trained_on.get("source", "")).startswith("simulated") else "real"

    def predict(self, rows: Floats) -> Floats:
        """NaN for a row that lacks a required input (``ModelSpec.needs``)."""
        rows = self._checked(rows)
        if not self._needs:
            return self._probability(self._margins(rows))
        complete = ~np.isnan(rows[:, self._needs]).any(axis=1)
        if complete.all():
            return self._probability(self._margins(rows))
        out = np.full((len(rows), *(() if self.forest.classes == 1 else (self.forest.classes,))), np.nan)
        if complete.any():
            out[complete] = self._probability(self._margins(rows[complete]))
        return out

    def calibrated(self, margins: Floats) -> Floats:
        """Probabilities from margins (B, C)."""
        return self._probability(margins)

    def margin(self, rows: Floats) -> Floats:
        """(B, C) log-odds (C = 1 for two classes) before calibration."""
        return self._margins(self._checked(rows))

    @property
    def attribution_is_prepared(self) -> bool:
        """Whether the tables of :meth:`attribute` are there already; the first call builds them."""
        return self._attribution is not None

    def attribute(self, rows: Floats) -> Floats:
        if self._attribution is None:
            self._attribution = Attribution(self.forest)
        parts = self._attribution(self._checked(rows))
        return parts[:, 0] if self.forest.classes == 1 else parts

    def top(self, row: Floats, count: int = 5, of: int = 0) -> list[tuple[Feature, float]]:
        """The ``count`` features that moved the margin of ``row`` (F,) most, strongest first; ``of`` is the class."""
        parts = self.attribute(np.asarray(row, np.float64).reshape(1, -1))[0]
        parts = parts[of] if parts.ndim == 2 else parts
        strongest = np.argsort(-np.abs(parts[:-1]), kind="stable")[:count]
        return [(self._features[i], float(parts[i])) for i in strongest.tolist()]

    def _checked(self, rows: Floats) -> Floats:
        if rows.ndim != 2 or rows.shape[1] != self.forest.features:
            raise ValueError(f"{self.name} takes rows of {self.forest.features} features, not an array {rows.shape}")
        return np.ascontiguousarray(rows, np.float64)


def shipped(origin: Origin = "simulated") -> list[str]:
    """Names of the models whose packages bring an artefact that was trained on ``origin``."""
    return [name for name in SPECS if shipped_folder(f"{name}@{origin}") is not None]


def shipped_folder(model: str) -> Path | None:
    """The folder of ``NAME``, ``NAME@simulated`` or ``NAME@real`` inside its package, None where there is none. A name alone is the
    model trained on simulated games: which of the two a game gets is decided where the game is known (``models.choice``)."""
    name, _, origin = model.partition("@")
    if name not in SPECS or origin not in ("", "simulated", "real") or (root := artefact_root(name)) is None:
        return None
    folder = root / (origin or "simulated") / name
    return folder if (folder / "card.json").is_file() else None


def model_file(model: str | os.PathLike[str]) -> Path:
    """What xgboost saved of a model, beside its ``card.json``; ``ValueError`` when there is none."""
    folder = standing(Path(model))
    if not (folder / CARD).is_file():
        inside = shipped_folder(str(model))
        if inside is None:
            raise ValueError(
                f"{model} is neither a model folder (with a card.json) nor a model of this package: see touchline models list"
            )
        folder = inside
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        raise ValueError(f"the model folder {folder} has no {' or '.join(FILES)}")
    return path


def load(model: str | os.PathLike[str]) -> ForestModel:
    """A model by its folder, or by the name of one that ships with the package. ``ValueError`` with one sentence otherwise."""
    while True:
        path = model_file(model)
        place = _place(path.parent)
        try:
            return from_bytes(_read(path.parent / CARD), _read(path), path.parent)
        except (ValueError, OSError):
            if _place(path.parent) == place:  # otherwise it was replaced between the two files
                raise


def from_bytes(card_bytes: bytes, blob: bytes, folder: Path) -> ForestModel:
    """The model of the bytes of both files; ``folder``, where they were read, is for the sentences of ``ValueError``."""
    try:
        card = msgspec.json.decode(card_bytes, type=Card)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"the card of the model in {folder} cannot be read: {error}") from None
    if card.schema != SCHEMA:
        raise ValueError(f"the card of the model in {folder} has schema {card.schema}; this version reads {SCHEMA}")
    digest = digest_of(card, blob)
    if len(card.version) < SHORT or not digest.startswith(card.version):
        raise ValueError(f"the model in {folder} is not what its card says: the content does not match version {card.version}")
    trained_for = [f.name for f in card.features]
    if card.name in SPECS and not _features_match(trained_for, SPECS[card.name]):
        raise ValueError(f"the model in {folder} was trained on other features than {card.name} has now: train it again")
    try:
        return ForestModel(card, read_forest(blob), digest, folder)
    except ValueError as error:
        raise ValueError(f"the model in {folder} cannot be used: {error}") from None


def _features_match(names: list[str], spec: ModelSpec) -> bool:
    """Whether inputs ``names`` are some of those that the live path has, in its order."""
    return bool(names) and names == [f.name for f in spec.offered if f.name in names]


def save(folder: Path, card: Card, blob: bytes) -> Card:
    """Write an artefact in one move (an interrupted run leaves the artefact that was there, or the new one); the card comes
    back with its version.

    An artefact that is there already is replaced; a folder that holds anything else is not touched (``ValueError``).
    """
    card = msgspec.structs.replace(card, version=version_of(card, blob))
    ForestModel(card, read_forest(blob))
    name = "model.json" if blob[:1] == b"{" and blob[:2] != b"{L" else "model.ubj"
    if folder.exists() and (not folder.is_dir() or any(p.name not in (*FILES, CARD) for p in folder.iterdir())):
        raise ValueError(f"{folder} exists and is not a model folder")
    with replacing(folder) as fresh:
        (fresh / name).write_bytes(blob)
        (fresh / CARD).write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=1) + b"\n")
    return card


def copy(source: Path, digest: str, folder: Path) -> None:
    """Copy the artefact in ``source``, in one move; ``ValueError`` when it is not (or no longer) the one of this ``digest``."""
    path = model_file(source)
    card_bytes, blob = _read(path.parent / CARD), _read(path)
    try:
        unchanged = digest_of(msgspec.json.decode(card_bytes, type=Card), blob) == digest
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        unchanged = False
    if not unchanged:
        raise ValueError(f"{source} changed while it was copied")
    with replacing(folder) as fresh:
        (fresh / path.name).write_bytes(blob)
        (fresh / CARD).write_bytes(card_bytes)


def version_of(card: Card, blob: bytes) -> str:
    """The first twelve digits of the digest."""
    return digest_of(card, blob)[:SHORT]


def digest_of(card: Card, blob: bytes) -> str:
    """SHA-256, in 64 hex digits, over the card without its version and the model file. Limits and a home that a card does not
    have are left out: cards from before keep their version."""
    complete = msgspec.structs.asdict(msgspec.structs.replace(card, version=""))
    plain = msgspec.json.encode({name: value for name, value in complete.items() if name not in ("limits", "home") or value})
    return hashlib.sha256(len(plain).to_bytes(8, "big") + plain + blob).hexdigest()


def _place(folder: Path) -> tuple[int, int] | None:
    """Which folder is at this name; None where there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _read(path: Path) -> bytes:
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path} is larger than {_MOST_BYTES // 1_000_000} MB")
    return path.read_bytes()
