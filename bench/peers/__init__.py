"""The same job by what a user would take instead, each checked against one reference: `make bench-peers`."""
