"""The parts of the local cluster that ``infra/cluster.py`` puts together; only the standard library is imported."""
