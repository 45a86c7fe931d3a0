"""`esi alerts`: evaluates rules over the readings of every market, and tells receivers, at least once."""
