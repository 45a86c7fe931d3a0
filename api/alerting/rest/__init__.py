"""`/v1/alerts`: rules, alerts, silences, receivers. Every route says which scope it needs."""
