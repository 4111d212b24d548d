"""Fuzzing: targets, their corpus and what runs them (docs/reliability.md)."""
