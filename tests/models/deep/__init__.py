"""Networks: these tests need torch, and say so where it is missing (`make test-train`)."""
