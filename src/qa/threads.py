"""Keeps numpy's linear algebra on one thread.

The products of a question are small. Shared out, they wait for the slowest thread, which on a busy machine takes ten
times as long as the products themselves; and one question a core serves more readers than all cores for each in turn.
"""

from __future__ import annotations

from functools import cache


@cache
def use_one_thread() -> None:
    """Set numpy's BLAS to one thread for the rest of the process.

    The number is the whole process's: to set it for each question and back again, while others are asked, would leave
    it now at one, now at another. FAISS has a number of its own, which its searches are told.
    """
    from threadpoolctl import ThreadpoolController

    shared = ThreadpoolController().select(user_api="blas").select(threading_layer=SHARED)
    shared.limit(limits=1)


SHARED = ["pthreads", "intel", "gnu", "tbb"]
"""Kinds of threads whose number a whole process shares."""
