"""The benchmarks that ``touchline bench`` runs. Each times the real thing and, in the same run, a floor for it."""
