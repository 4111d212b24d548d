"""Everything that speaks to a Kafka broker: settings, topics, the ways in and out, and the runner that keeps its state there."""
