"""Experts weighed online, with intervals that keep what they promise."""
