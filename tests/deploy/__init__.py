"""Tests of how it is run."""
