"""Training tables from simulated games: a module per sport, named like it, with its ``TABLES``: model name -> function of
(first seed, games, tell) that returns a ``models.training.Table``."""
