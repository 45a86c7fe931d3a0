"""State machines over numpy arrays, from bars to the index; numpy, numba and the standard library only."""
