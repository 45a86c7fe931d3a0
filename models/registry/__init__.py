"""Trained models on disk: what each is, which one is in force, and what is checked before it is used."""
