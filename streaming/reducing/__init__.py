"""Telemetry that is too fast for a game's operator, reduced where it enters: raw blocks of one source's channels, each channel
at a rate of its own, become packets of minimum, mean, maximum and last value per window. Sport-neutral; keyed by (game,
source)."""
