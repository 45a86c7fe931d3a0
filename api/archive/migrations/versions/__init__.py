"""The steps, one module each, in the order of their `down_revision`. A published step is never changed."""
