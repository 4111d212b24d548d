"""Flink as a runner: the game operator as a keyed process function on a cluster."""
