"""Errors of the lower layers as errors of the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from features.core.plugins import PluginUnavailable
from streaming.errors import BadInput, Unavailable


@contextmanager
def plain_errors() -> Iterator[None]:
    """A ``ValueError`` of the lower layers, or a library that is not installed, in one sentence."""
    try:
        yield
    except PluginUnavailable as error:
        raise Unavailable(f"this needs {error.module}: pip install 'touchline[train,plots]'") from error
    except ValueError as error:
        raise BadInput(str(error)) from error
    except ModuleNotFoundError as error:
        raise Unavailable(f"this needs {error.name}: pip install 'touchline[train,plots]'") from error
    except OSError as error:
        raise BadInput(str(error)) from error
