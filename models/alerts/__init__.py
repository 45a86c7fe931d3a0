"""Rules over readings: a small language, and the pure state machines that say when an alert begins and ends."""
