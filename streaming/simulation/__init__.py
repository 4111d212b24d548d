"""A deterministic simulation of a deployment: production code on a simulated broker, clock and network, every order of events
decided by one seed."""
