"""Alembic's folder: how the archive's tables came to be, step by step. Inside the package, so that wheels carry it."""
