"""Random rule texts and random requests, from a seed: `make fuzz`. Nothing that they bring may be a fault of ours."""
