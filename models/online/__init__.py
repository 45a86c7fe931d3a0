"""Learners that learn one final at a time: HAR by recursive least squares, River models, delayed labels, drift."""
