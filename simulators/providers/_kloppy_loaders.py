"""Which of kloppy's loaders reads a provider's files, and which file is which of its arguments.

The loaders and their arguments are taken from kloppy itself, so that every version's providers are there. A file is known by words
in its name, then by words in its path; where those do not decide, files are taken in the order of kloppy's arguments. Whatever
kloppy finds wrong with them is one sentence.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import io
import logging
import pkgutil
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulators.providers._files import content, listed
from simulators.providers._kloppy_statsbomb import prepared
from simulators.providers._xml import refuse_types
from streaming.errors import BadInput

#: arguments that are files, and those of them that are a list of files
_FILE: Final = re.compile(r"_data$|_feeds$|^venue_information$")
_MANY: Final = re.compile(r"_feeds$")
#: a loader of kloppy that reads files of one's own, without the annotations of "code" (sportscode) and without deprecated ones
_LOADER: Final = re.compile(r"^load(_(?!open).*)?$")
_DEPRECATED: Final = {("sportec", "load"), ("statsperform", "load")}
#: where a warning of kloppy's goes on to show its objects
_OBJECT: Final = re.compile(r":? <")
_NOT_A_GAME: Final = frozenset({"sportscode"})

#: words in the name of a file -> its argument; the raw data of tracking go by many
_WORDS: Final = {
    "event_data": r"event|f24|f73|ma3", "lineup_data": r"line.?up", "three_sixty_data": r"360|three.?sixty",
    "f7_data": r"f7(?!\d)|srml.*results", "f24_data": r"f24|f73|eventdetails", "ma1_data": r"ma1(?!\d)", "ma3_data": r"ma3(?!\d)",
    "ma25_data": r"ma25|\.opt$", "home_data": r"home", "away_data": r"away", "meta_data": r"meta|match_?data|matchinfo|match\.json",
    "raw_data": r"raw|track|position|structured|\.jsonl|\.dat$|(?<!metadata)\.txt$", "roster_meta_data": r"roster",
    "squads_data": r"squad", "players_data": r"player", "venue_information": r"venue", "raw_data_feeds": r"raw|track",
    "additional_meta_data": r"additional", "ball_feeds": r"\bball\b|\.ball", "player_centroid_feeds": r"centroid",
}  # fmt: skip
#: and words that exclude it
_NOT: Final = {
    "meta_data": r"roster|additional|raw_data",
    "raw_data": r"meta|roster",
    "event_data": r"meta",
    "players_data": r"track",
}


@dataclass(frozen=True)
class Loader:
    """One of kloppy's functions: ``needs`` and ``may`` are its arguments that are files, in its order."""

    name: str
    function: Any
    needs: tuple[str, ...]
    may: tuple[str, ...]

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(name for name in inspect.signature(self.function).parameters if name in self.needs + self.may)

    def __str__(self) -> str:
        return ", ".join(self.needs) + (f" (and may have {', '.join(self.may)})" if self.may else "")


def formats() -> dict[str, list[Loader]]:
    """{provider: its loaders}, of the kloppy that is installed."""
    import kloppy

    found: dict[str, list[Loader]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in pkgutil.iter_modules(kloppy.__path__):
            if module.name not in _NOT_A_GAME and importlib.util.find_spec(f"kloppy._providers.{module.name}"):
                loaders = list(_loaders(module.name))
                if loaders:
                    found[module.name] = loaders
    return found


def _loaders(provider: str) -> Iterator[Loader]:
    module = importlib.import_module(f"kloppy.{provider}")
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if _LOADER.match(name) and (provider, name) not in _DEPRECATED:
            files = [p for p in inspect.signature(function).parameters.values() if _FILE.search(p.name)]
            needs = tuple(p.name for p in files if p.default is p.empty)
            yield Loader(name.removeprefix("load").strip("_"), function, needs, tuple(p.name for p in files if p.name not in needs))


@dataclass(frozen=True)
class Loaded:
    """kloppy's ``dataset`` and the name of its loader ("metrica.tracking_csv"), the file that comes first by kloppy's arguments,
    what kloppy warned of, and the periods still on."""

    dataset: Any
    loader: str
    main: Path
    warned: list[str]
    still_on: frozenset[int]


def load(wanted: str, files: Sequence[Path]) -> Loaded:
    """``files`` as ``wanted`` ("statsbomb", "metrica.tracking_epts"); ``BadInput`` when they are no such files."""
    known = formats()
    provider, _, kind = wanted.partition(".")
    if provider not in known:
        what = f"no format {provider!r}" if provider else "many formats"
        raise BadInput(f"kloppy reads {what}: give kloppy:FORMAT with one of {', '.join(_names(known))}")
    loaders = [loader for loader in known[provider] if kind in ("", loader.name)]
    if not loaders:
        raise BadInput(f"kloppy:{provider} has no {kind}: give {' or '.join(n for n in _names(known) if n.startswith(provider))}")
    loader, arguments = _choose(wanted, loaders, files)
    from kloppy.exceptions import DeserializationWarning, KloppyError

    names = ", ".join(f"{_shown(value)} as {name}" for name, value in arguments.items())
    handed = {name: _opened(provider, name, value) for name, value in arguments.items()}
    still_on: frozenset[int] = frozenset()
    if provider == "statsbomb":
        handed["event_data"], still_on = prepared(handed["event_data"])
        if "three_sixty_data" in handed:
            listed(arguments["three_sixty_data"], "statsbomb", ("event_uuid", "freeze_frame"))
            del handed["three_sixty_data"]
    with warnings.catch_warnings(record=True) as caught, _logged() as logged:
        warnings.simplefilter("always")
        try:
            dataset = loader.function(**handed)
        except KloppyError as error:
            reason = " ".join(str(error).split()) or "no reason given"
            raise BadInput(f"kloppy cannot read {names}: {reason}") from error
        except Exception as error:  # on strange files a library raises any exception, with a message for its developers
            raise BadInput(f"kloppy cannot read {names}: they are damaged, incomplete, or no {wanted} files") from error
    if not len(dataset.records) or not dataset.metadata.periods:
        raise BadInput(f"kloppy finds no events and no frames in {names}")
    messages = [w.message for w in caught if issubclass(w.category, (UserWarning, DeserializationWarning))]
    found = dict.fromkeys(_OBJECT.split(" ".join(str(message).split()))[0] for message in [*messages, *logged])
    main = next(arguments[name] for name in loader.arguments if name in arguments)
    name = f"{provider}.{loader.name}" if loader.name else provider
    return Loaded(dataset, name, main[0] if isinstance(main, list) else main, list(found), still_on)


@contextmanager
def _logged() -> Iterator[list[str]]:
    """What kloppy logs as a warning, which would otherwise be printed."""
    found: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage().split(":", 1)[0])  # type: ignore[method-assign]
    logger = logging.getLogger("kloppy")
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


def _opened(provider: str, name: str, value: Any) -> Any:
    """What kloppy is handed: the bytes, which leaves no file open; but it looks at the name of Hawk-Eye's metadata."""
    if isinstance(value, list):
        return [_opened(provider, name, path) for path in value]
    body = content(value)
    refuse_types(value, io.BytesIO(body))
    return value if (provider, name) == ("hawkeye", "meta_data") else body


def _names(known: Mapping[str, list[Loader]]) -> list[str]:
    return [
        provider if len(loaders) == 1 else f"{provider}.{loader.name}"
        for provider, loaders in sorted(known.items())
        for loader in loaders
    ]


def _shown(value: Any) -> str:
    return ", ".join(str(path) for path in value) if isinstance(value, list) else str(value)


def _choose(wanted: str, loaders: Sequence[Loader], files: Sequence[Path]) -> tuple[Loader, dict[str, Any]]:
    """The loader whose arguments the files are; their names decide, then their paths, then their number and order."""
    for seen in (lambda path: path.name, lambda path: f"{path.parent.name}/{path.name}"):
        found = [(loader, filled) for loader in loaders for filled in _by_keywords(loader, files, seen)]
        if len(found) == 1:
            return found[0]
    ordered = [
        (loader, dict(zip(loader.arguments, files, strict=False)))
        for loader in loaders
        if len(loader.needs) <= len(files) <= len(loader.needs + loader.may) and not any(map(_MANY.search, loader.arguments))
    ]
    if len(ordered) == 1:
        return ordered[0]
    names = ", ".join(path.name for path in files)
    if len(loaders) == 1 and len(files) < len(loaders[0].needs):
        named = {name for path in files for name in loaders[0].needs if _is(name, path.name)}
        missing = [name for name in loaders[0].needs if name not in named][: len(loaders[0].needs) - len(files)]
        raise BadInput(f"kloppy:{wanted} takes {loaders[0]}, and got {names}: {', '.join(missing)} is missing")
    if len(loaders) == 1:
        raise BadInput(f"kloppy:{wanted} takes {loaders[0]}, and got {names}: give them in this order")
    takes = " or ".join(f"{wanted}.{loader.name} ({loader})" for loader in loaders)
    raise BadInput(f"kloppy:{wanted} files are of several kinds, and the names of {names} do not decide: give {takes}")


def _is(argument: str, name: str) -> bool:
    name = name.lower().removesuffix(".gz")
    return bool(re.search(_WORDS.get(argument, "(?!)"), name)) and not re.search(_NOT.get(argument, "(?!)"), name)


def _by_keywords(loader: Loader, files: Sequence[Path], seen: Any) -> list[dict[str, Any]]:
    """Every way in which each file is one argument by its words, and every argument that is needed is there."""
    ways: list[dict[str, Any]] = [{}]
    for path in files:
        taken = []
        for way in ways:
            for argument in loader.arguments:
                if not _is(argument, seen(path)):
                    continue
                if _MANY.search(argument):
                    taken.append(way | {argument: [*way.get(argument, []), path]})
                elif argument not in way:
                    taken.append(way | {argument: path})
        ways = taken
    return [way for way in ways if all(argument in way for argument in loader.needs)]
