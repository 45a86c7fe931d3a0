"""Who asks, and what they may do: users, sessions, keys, tokens, and the log of what they did."""
