"""The wiring: the only home of Bytewax, Kafka and the Redis writer."""
