"""Linear algebra on one core."""

from __future__ import annotations

from functools import cache

import numpy  # noqa: F401 (its library must be there before it can be limited)
from threadpoolctl import threadpool_limits


@cache
def one_core() -> None:
    """Keeps numpy's linear algebra in this process to the thread that asks for it; once is enough.

    The matrices here are up to some dozens wide. OpenBLAS shares them out over all cores, and its threads wait for each
    other by turning in circles: 36 years of `us` took twice the processor time, and a flow beside others more.
    """
    threadpool_limits(limits=1, user_api="blas")
