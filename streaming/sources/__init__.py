"""Sources, one module each; ``open_source`` finds one by its URL."""

from streaming.sources.base import FeedSource, GameSource, SourceOptions, open_source

__all__ = ["FeedSource", "GameSource", "SourceOptions", "open_source"]
