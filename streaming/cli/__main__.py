"""``python -m streaming.cli`` is ``touchline``."""

from streaming.cli import main

main()
