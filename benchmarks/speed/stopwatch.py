"""Exclusive wall time by part of a run: what a part calls and is named itself counts for the callee.

Only the thread that made the stopwatch is timed: what others do meanwhile costs it nothing.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Stopwatch:
    """Seconds by part. ``clock.watching({"part": [(owner, "function"), …]})`` times functions while they run."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._parts: list[str] = []
        self._since = 0.0
        self._thread = threading.get_ident()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        self._turn()
        self._parts.append(name)
        try:
            yield
        finally:
            self._turn()
            self._parts.pop()

    @contextmanager
    def watching(self, parts: Mapping[str, list[tuple[Any, str]]]) -> Iterator[None]:
        """Put timed functions in the place of ``owner.function`` until the block ends."""
        places = [(part, owner, name) for part, owned in parts.items() for owner, name in owned]
        originals = [vars(owner)[name] for _, owner, name in places]
        for (part, owner, name), original in zip(places, originals, strict=True):
            setattr(owner, name, self._timed(part, original))
        try:
            yield
        finally:
            for (_, owner, name), original in zip(places, originals, strict=True):
                setattr(owner, name, original)

    def _timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != self._thread:
                return function(*args, **kwargs)
            with self.part(part):
                return function(*args, **kwargs)

        return timed

    def _turn(self) -> None:
        """Give the time since the last turn to the part that ran."""
        now = time.perf_counter()
        if self._parts:
            self.seconds[self._parts[-1]] += now - self._since
        self._since = now
