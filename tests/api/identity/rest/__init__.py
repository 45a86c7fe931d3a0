"""Tests of the addresses about identities."""
