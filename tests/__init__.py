"""Tests, in packages as the code."""
