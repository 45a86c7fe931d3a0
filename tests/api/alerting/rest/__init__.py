"""Tests of the REST side of alerts."""
