"""Tests of the alerts process."""
