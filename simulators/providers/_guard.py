"""Guard around every reader: any failure in a provider's files becomes one sentence about the files.

Readers raise ``BadInput`` for what they check. Any other exception ends here; the sentence leaves out the message of Python or of a
library, which does not help a user, and keeps the exception as its cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from streaming.errors import BadInput, BadRecord, TouchlineError, Unavailable
from streaming.operator.roster import roster_of
from streaming.wire.records import Event, Telemetry, decode_game, encode

if TYPE_CHECKING:
    from simulators.providers import Imported


def guarded(provider: str, files: Sequence[Path], read: Callable[[], Imported]) -> Imported:
    """What ``read`` returns, its stream guarded as well; ``BadInput`` when it, or its stream, fails in any way."""
    try:
        imported = read()
        roster_of(imported.record)  # ids are unique, every player has a team
        decode_game(encode(imported.record))
    except ImportError as error:
        raise Unavailable(f"reading {provider} files needs the package {error.name}: pip install 'touchline[providers]'") from error
    except BadRecord as error:
        raise _unreadable(provider, files) from error
    except (TouchlineError, MemoryError):
        raise
    except Exception as error:
        raise _unreadable(provider, files) from error
    source = imported.stream

    def stream() -> Iterator[Telemetry | Event]:
        try:
            yield from source()
        except (TouchlineError, MemoryError):
            raise
        except Exception as error:
            raise _unreadable(provider, files) from error

    return replace(imported, stream=stream)


def _unreadable(provider: str, files: Sequence[Path]) -> BadInput:
    names = ", ".join(str(path) for path in files)
    return BadInput(f"{names} cannot be read as {provider} files: something in them is not where {provider} has it")
