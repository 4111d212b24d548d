"""State that is stored outside of a process is signed with the deployment's key, where it has one (HMAC-SHA-256).

Who can write to the topic or the folder in which state is stored could else make an operator believe anything. The keys are in
``TOUCHLINE_STATE_KEY``, or in the file that ``TOUCHLINE_STATE_KEY_FILE`` names, one a line: ``ID:SECRET``. The first one signs, and
all of them are accepted: a key is changed by putting the new one first, and the old one is left out when no state of it is left.
With a key nothing unsigned is taken; without one, state is as it was.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from streaming.errors import BadInput, BadSnapshot

VARIABLE: Final = "TOUCHLINE_STATE_KEY"
FILE_VARIABLE: Final = "TOUCHLINE_STATE_KEY_FILE"
#: a shorter secret can be guessed, characters
LEAST_SECRET: Final = 32
_MAGIC: Final = b"TLSS\x01"
_ID_BYTES: Final = 16
_MAC_BYTES: Final = 32
_HEAD_BYTES: Final = len(_MAGIC) + _ID_BYTES + _MAC_BYTES
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,16}\Z")


class StateKeys(NamedTuple):
    """By id; the first one signs. Empty: state is not signed."""

    secrets: Mapping[str, bytes]

    def seal(self, raw: bytes, where: bytes) -> bytes:
        """``raw`` with its signature before it. ``where`` is what it is the state of: it cannot be put in another's place."""
        if not self.secrets:
            return raw
        ident, secret = next(iter(self.secrets.items()))
        return b"".join((_MAGIC, ident.encode().ljust(_ID_BYTES, b"\0"), _mac(secret, ident, where, raw), raw))

    def open(self, raw: bytes, where: bytes, what: str) -> bytes:
        """The inverse of :meth:`seal`; ``BadSnapshot`` when ``what`` is not signed as this deployment signs."""
        signed = raw.startswith(_MAGIC)
        if not self.secrets:
            if signed:
                raise BadSnapshot(f"{what} is signed, and this process has no key to check it with: set {VARIABLE}")
            return raw
        if not signed or len(raw) < _HEAD_BYTES:
            raise BadSnapshot(f"{what} is not signed, and with {VARIABLE} set only signed state is taken")
        ident = raw[len(_MAGIC) : len(_MAGIC) + _ID_BYTES].rstrip(b"\0").decode("ascii", "replace")
        secret, body = self.secrets.get(ident), raw[_HEAD_BYTES:]
        if secret is None:
            raise BadSnapshot(f"{what} is signed with a key that {VARIABLE} does not have ({ident!r})")
        if not hmac.compare_digest(raw[len(_MAGIC) + _ID_BYTES : _HEAD_BYTES], _mac(secret, ident, where, body)):
            raise BadSnapshot(f"{what} has a signature that is not right: it was changed, or is not from this place")
        return body


def _mac(secret: bytes, ident: str, where: bytes, raw: bytes) -> bytes:
    mac = hmac.new(secret, digestmod=hashlib.sha256)
    for part in (_MAGIC, ident.encode(), where):
        mac.update(len(part).to_bytes(8, "little"))
        mac.update(part)
    mac.update(raw)
    return mac.digest()


def state_keys() -> StateKeys:
    """The deployment's keys, from the environment; ``BadInput`` with one sentence when they are no keys."""
    return _keys(os.environ.get(VARIABLE, ""), os.environ.get(FILE_VARIABLE, ""))


@lru_cache(maxsize=8)
def _keys(text: str, file: str) -> StateKeys:
    if text and file:
        raise BadInput(f"{VARIABLE} and {FILE_VARIABLE} are both set: use one of them")
    if file:
        try:
            text = Path(file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{FILE_VARIABLE}: {file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return parse(text, FILE_VARIABLE if file else VARIABLE)


def parse(text: str, source: str = VARIABLE) -> StateKeys:
    """``ID:SECRET`` a line, or with commas between them. No message shows a secret.

    >>> list(parse("b:" + "x" * 32 + ",a:" + "y" * 32).secrets)
    ['b', 'a']
    """
    secrets: dict[str, bytes] = {}
    for line in re.split(r"[,\n]", text):
        if not line.strip():
            continue
        ident, colon, secret = line.strip().partition(":")
        if not colon or not _NAME.match(ident):
            raise BadInput(f"{source}: a key is ID:SECRET, and its id has 1 to 16 letters, digits, _ or -")
        if len(secret) < LEAST_SECRET:
            raise BadInput(f"{source}: the secret of key {ident} has fewer than {LEAST_SECRET} characters")
        if ident in secrets:
            raise BadInput(f"{source} has two keys of the id {ident}")
        secrets[ident] = secret.encode()
    if text.strip() and not secrets:
        raise BadInput(f"{source} holds no key")
    return StateKeys(secrets)
