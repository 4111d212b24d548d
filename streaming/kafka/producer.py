"""Messages to a broker: at a normal end all of them are with the broker, else there is an error."""

from __future__ import annotations

from typing import Any, Self

from streaming.errors import Unavailable
from streaming.kafka.broker import MAX_MESSAGE_BYTES, broker_errors
from streaming.kafka.settings import Address
from streaming.wire import topics
from streaming.wire.headers import Headers


class Producer:
    """To topics by their names in ``streaming.wire.topics``. Idempotent, so that a retry doubles nothing; compressed; a batch is
    sent at once. A context manager: at a normal end all messages are with the broker."""

    def __init__(self, address: Address) -> None:
        from kafka import KafkaProducer

        self.address, self.text = address, address.text
        self._failed: BaseException | None = None
        with broker_errors(address):
            self._producer: Any = KafkaProducer(
                **address.python(),
                acks="all",
                compression_type="lz4",
                linger_ms=0,
                batch_size=1 << 18,
                max_request_size=MAX_MESSAGE_BYTES,
                delivery_timeout_ms=60_000,
            )

    def put(self, topic: str, game: str, value: bytes, headers: Headers = ()) -> Any:
        """One message under the game's key; returns at once, with the client's future of its place on the broker."""
        self._check()
        with broker_errors(self.address):
            return self._producer.send(self.address.topic(topic), value, key=topics.key(game), headers=list(headers)).add_errback(
                self._note
            )

    def put_and_wait(self, topic: str, game: str, value: bytes, headers: Headers = ()) -> None:
        """The same, and it is with the broker when this returns."""
        with broker_errors(self.address):
            self._producer.send(self.address.topic(topic), value, key=topics.key(game), headers=list(headers)).get(timeout=30)

    def flush(self) -> None:
        """Until the broker has everything; ``Unavailable`` when it does not take it."""
        with broker_errors(self.address):
            self._producer.flush(timeout=60)
        self._check()

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._producer.close(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.close()
        else:
            self._producer.close(timeout=1)

    def _note(self, error: BaseException) -> None:
        self._failed = error

    def _check(self) -> None:
        if self._failed is not None:
            raise Unavailable(f"the broker at {self.address.text} did not take a record: {self._failed}")
