"""Guard around every reader: any failure in a provider's files becomes one sentence with the file, the place in it and the field.

Readers raise ``BadInput`` for what they check. Any other exception ends here. The files are then read a second time with a note of
every access (:mod:`_place`), which is too slow for files that can be read; the sentence names where that reading failed. It
leaves out the message of Python or of a library, which does not help a user, and keeps the exception as its cause. Only reading
is guarded: what is done with the records is not, so that a fault of our own there stays one.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from simulators.providers._place import Place, reading
from streaming.errors import BadInput, BadRecord, TouchlineError, Unavailable
from streaming.operator.roster import roster_of
from streaming.wire.records import Event, Telemetry, decode_event, decode_game, encode

if TYPE_CHECKING:
    from simulators.providers import Imported

Read = TypeVar("Read")
#: files of no more bytes are read a second time
_TWICE_BYTES: Final = 64 << 20
#: what an exception of a reader is about, in words
_WHY: Final[dict[type[Exception], str]] = {
    LookupError: "something else that it needs is not there",
    TypeError: "it is of another kind than the reader can use",
    AttributeError: "it is of another kind than the reader can use",
    ArithmeticError: "it is too large, or a number to divide by is 0",
    RuntimeWarning: "it is too large, or no number",
    ValueError: "the reader can make nothing of it",
}
#: a sentence that has a place already
_HAS_PLACE: Final = re.compile(r"\b(line|row) \d")
#: characters of a sentence
_LONGEST: Final = 1000
#: characters of a value that a sentence shows
_SHOWN: Final = 40
#: no game happens later than in the year 2200, or before 1900, us
_LATEST_US: Final = 7_258_118_400_000_000
_EARLIEST_US: Final = -2_208_988_800_000_000


def guarded(provider: str, files: Sequence[Path], read: Callable[[], Imported]) -> Imported:
    """What ``read`` returns, its stream guarded as well; ``BadInput`` when it, or its stream, fails in any way."""

    def checked() -> Imported:
        imported = read()
        record = imported.record
        roster_of(record)  # ids are unique, every player has a team
        decode_game(encode(record))
        for at_us in (record.t0_us, *(edge for one in record.periods for edge in (one.start_us, one.end_us) if edge is not None)):
            _check_time(at_us)
        return imported

    imported = attempted(provider, files, checked)

    def stream() -> Iterator[Telemetry | Event]:
        with _worded(provider, files, Place()):
            for record in imported.stream():
                _check(record)
                yield record

    return replace(imported, stream=stream)


def attempted(provider: str, files: Sequence[Path], read: Callable[[], Read]) -> Read:
    """What ``read`` returns; ``BadInput`` when it fails in any way."""
    with reading() as place, _worded(provider, files, place, read), warnings.catch_warnings():
        _set_warnings()
        return read()


def _set_warnings() -> None:
    """A number that its new type cannot hold ends reading; what only overflows is found where its result is checked."""
    warnings.simplefilter("ignore", RuntimeWarning)
    warnings.filterwarnings("error", ".*encountered in cast", RuntimeWarning)


@contextmanager
def _worded(provider: str, files: Sequence[Path], place: Place, again: Callable[[], Any] | None = None) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise Unavailable(f"reading {provider} files needs the package {error.name}: pip install 'touchline[providers]'") from error
    except BadRecord as error:
        raise BadInput(
            f"{_names(files, Place())} cannot be read as {provider} files: what they hold is no game: {error}"
        ) from error
    except BadInput as error:
        worded = _with_place(str(error), files, place, error, again)
        if worded == str(error):
            raise
        raise BadInput(worded) from error
    except TouchlineError:
        raise
    except Exception as error:
        known = place if again is None else _second(files, place, error, again)
        raise _unreadable(provider, files, known, error) from error


def _with_place(text: str, files: Sequence[Path], place: Place, error: BadInput, again: Callable[[], Any] | None) -> str:
    """The sentence with the file, and with the place where it is about a field and has no line yet."""
    if not any(path.name in text for path in files):
        text = f"{_names(files, place)}: {text}"
    if again is not None and not _HAS_PLACE.search(text):
        known = _second(files, place, error, again)
        if known.where and known.field and known.field in text:
            text += f" ({known.where})"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _second(files: Sequence[Path], place: Place, error: Exception, again: Callable[[], Any]) -> Place:
    """Where a second reading with notes fails in the same way; the place of the first where it does not."""
    if isinstance(error, (MemoryError, RecursionError)) or sum(path.stat().st_size for path in files) > _TWICE_BYTES:
        return place
    with reading(notes=True) as found, warnings.catch_warnings():
        _set_warnings()
        try:
            again()
        except Exception as same:  # noqa: BLE001 (compared with the first, which is raised in words)
            if type(same) is type(error):
                return found
    return place


def _unreadable(provider: str, files: Sequence[Path], place: Place, error: Exception) -> BadInput:
    begins = f"{', '.join(str(path) for path in files)} cannot be read as {provider} files: "
    where = ", ".join(word for word in (place.file.name if place.file else "", place.where) if word)
    kind = type(error).__name__
    if isinstance(error, MemoryError):
        return BadInput(f"{begins}there is not enough memory for what they hold")
    if isinstance(error, RecursionError):
        return BadInput(f"{begins}something in them is nested too deeply")
    if isinstance(error, UnicodeError):
        return BadInput(f"{begins}something in them is not text in UTF-8")
    if isinstance(error, KeyError) and place.field and error.args == (place.field,) and place.value is None:
        return BadInput(f"{begins}there is no {place.field} in {where}")
    why = f"{next((words for base, words in _WHY.items() if isinstance(error, base)), 'no such value is known')} ({kind})"
    if place.field:
        return BadInput(f"{begins}reading ended in {where}, at {place.field}, which is {_short(place.value)}: {why}")
    if place.where:
        return BadInput(f"{begins}reading ended in {where}: {why}")
    return BadInput(f"{begins}something in them is not where {provider} has it ({kind})")


def _names(files: Sequence[Path], place: Place) -> str:
    return str(place.file) if place.file is not None else ", ".join(str(path) for path in files)


def _short(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, np.ndarray):
        return f"a column of {value.dtype}"
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, int) and abs(value) > 1 << 100:
        return "a number of very many digits"
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _check(record: Telemetry | Event) -> None:
    """``BadInput`` for a record that no recording could hold, or that lies when no game was."""
    if isinstance(record, Event):
        _check_time(record.t_us)
        _check_time(record.arrival_us)
        numbers = (record.x_m, record.y_m, record.end_x_m, record.end_y_m, *record.attrs.values())
        if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
            raise BadInput(f"the event {_short(record.id)} has a number that is not finite")
        try:
            decode_event(encode(record))
        except BadRecord as error:
            raise BadInput(f"the event {_short(record.id)} is no event of a game: {error}") from error
        return
    if any(np.shape(values) != (len(record),) for values in (record.t_us, record.tag, record.x_m, record.y_m, record.z_m)):
        raise BadInput("the columns of a table do not have one number in each row")
    if len(record):
        for stamps in (record.t_us, record.arrival_us):
            _check_time(int(np.min(stamps)))
            _check_time(int(np.max(stamps)))
        for axis, values in (("x", record.x_m), ("y", record.y_m), ("z", record.z_m)):
            if np.isinf(values).any():  # what is only too far is left out by the operator
                raise BadInput(f"a place has an infinite {axis}")


def _check_time(at_us: int) -> None:
    if not _EARLIEST_US <= at_us <= _LATEST_US:
        raise BadInput("a time in the files lies before 1900 or after 2200")
