"""A library that is asked keeps numpy's linear algebra on one thread, whichever thread asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CODE = """
import json, sys, threading
import numpy as np
from threadpoolctl import ThreadpoolController
from qa import QA
from qa.threads import SHARED

blas = ThreadpoolController().select(user_api="blas").select(threading_layer=SHARED)
numbers = [[library["num_threads"] for library in blas.info()]]

def look():
    numbers.append([library["num_threads"] for library in blas.info()])

with QA.open(sys.argv[1]) as library:
    library.add(sys.argv[2])
    library.ask("When does it open?")
thread = threading.Thread(target=look)
thread.start()
thread.join()
print(json.dumps(numbers))
"""


def test_a_library_that_is_asked_uses_one_thread(tmp_path: Path) -> None:
    text = tmp_path / "hours.txt"
    text.write_text("The reading room opens at nine.", encoding="utf-8")
    command = [sys.executable, "-c", CODE, str(tmp_path / "index"), str(text)]
    environment = {"OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=True)
    before, after = json.loads(done.stdout)
    assert before, "numpy's BLAS is unknown to threadpoolctl: a question takes all threads"
    assert set(after) == {1} != set(before)
