"""`/v1/session`, `/v1/users`, `/v1/keys`, `/v1/token`, `/v1/audit`: the door's own addresses."""
