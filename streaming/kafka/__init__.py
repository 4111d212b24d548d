"""Clients of a Kafka broker: settings, topics, ingress, producers and consumers."""
