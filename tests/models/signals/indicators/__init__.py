"""Indicators, each against its definition."""
