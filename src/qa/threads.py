"""One thread for small matrices: sharing them out costs more than it saves, most of all on a busy machine."""

from __future__ import annotations

import threading
from contextlib import ContextDecorator
from typing import Any


class _OneThread(ContextDecorator):
    """While any thread of the process is inside, NumPy multiplies on one thread; then as before.

    The number belongs to the process, so the first who enters lowers it and the last who leaves restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._controller: Any = None
        self._limits: Any = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._limits = self._pools().limit(limits=1, user_api="blas")

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limits.restore_original_limits()

    def _pools(self) -> Any:
        if self._controller is None:
            from threadpoolctl import ThreadpoolController

            self._controller = ThreadpoolController()
        return self._controller


one_thread = _OneThread()
