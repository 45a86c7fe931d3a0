"""The fast lane from Kafka: messages are read where librdkafka holds them, without a Python object for each."""
