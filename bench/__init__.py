"""Measurements of this product: `python -m bench`; each one checks what came out before it names a figure."""
