"""Networks and how they are taught, in torch: whoever serves imports nothing of this (extra `train`)."""
