"""Every file of a library flipped, cut short and zeroed at many places: found, mended or refused by name; never a wrong
quote, never a crash.

``QA_DAMAGE=1000`` damages that many places of each file, beside its ends, instead of one.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qa import QA
from qa.config import Config
from qa.errors import LibraryCorrupt, QAError

PLACES = int(os.environ.get("QA_DAMAGE", "1"))
TEXTS = {
    "mill.md": "# Mühle\n\n## Geschichte\n\nDie Mühle am Fluss wurde 1784 gebaut. Sie mahlte bis 1951 Korn.\n",
    "茶园.txt": "云山茶园\n\n云山茶园位于县城以北，面积约33平方公里。茶园每年春天采茶，工人有120名。\n",
    "harbour.txt": "The harbour of Port Lerrin was opened on 3 May 1902. Its lighthouse is 41 metres high.\n",
}
ASKED = ("Wann wurde die Mühle gebaut?", "茶园有多大？", "How high is the lighthouse?")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound")
    (root / "docs").mkdir()
    for name, text in TEXTS.items():
        (root / "docs" / name).write_text(text, encoding="utf-8")
    with QA.open(root / "index") as qa:
        qa.sync(root / "docs")
    return root / "index"


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :]


def zero(data: bytes, place: int) -> bytes:
    return data[:place] + bytes(min(512, len(data) - place)) + data[place + 512 :]


def cut(data: bytes, place: int) -> bytes:
    return data[:place]


HARM: tuple[Callable[[bytes, int], bytes], ...] = (flip, zero, cut)


def places(size: int, seed: str) -> Iterator[int]:
    generator = random.Random(seed)
    yield from {0, size - 1, *(generator.randrange(size) for _ in range(PLACES))}


def try_all(sound: str, work: str, name: str, told: multiprocessing.connection.Connection) -> None:
    """Damage one file in every way; tell before each what is tried, and then what was wrong with the outcome."""
    path = Path(work)
    data = (Path(sound) / name).read_bytes()
    for harm in HARM:
        for place in places(len(data), name + harm.__name__) if data else ():
            told.send(f"{name}, {harm.__name__} at {place} of {len(data)}")
            shutil.rmtree(path, ignore_errors=True)
            shutil.copytree(sound, path)
            (path / name).write_bytes(harm(data, place))
            told.send(outcome(path))


def outcome(path: Path) -> str:
    """Ask of a damaged library, and mend it; return what must not be, or nothing."""
    texts = {name: text.strip() for name, text in TEXTS.items()}
    try:
        with QA.open(path, config=Config(max_error=0.9)) as qa:
            for question in ASKED:
                answer = qa.ask(question)
                for hit in answer.hits:
                    if hit.text not in texts.get(hit.source, ""):
                        return f"'{hit.text}' is shown as from '{hit.source}'"
                if answer.quote and answer.quote.text not in texts.get(answer.quote.source, ""):
                    return f"'{answer.quote.text}' is quoted"
    except QAError as error:
        if len(str(error)) < 20:
            return f"it said no more than '{error}'"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    try:
        with QA.open(path) as qa:
            qa.mend()
            if problems := qa.check():
                return f"after mending: {problems}"
    except LibraryCorrupt as error:
        if "library.sqlite" not in str(error):
            return f"it cannot be mended: {error}"
    except QAError as error:  # a fingerprint that no model has, a library that is empty now
        if not any(word in str(error) for word in ("model", "No library", "empty", "encoder")):
            return f"it cannot be mended: {error}"
    except Exception as error:
        return f"mending: {type(error).__name__}: {error}"
    return ""


def test_no_damage_makes_a_wrong_quote_or_a_crash(sound: Path, tmp_path: Path) -> None:
    names = sorted(str(file.relative_to(sound)) for file in sound.rglob("*") if file.is_file())
    assert {"library.sqlite", "dense.faiss", "dense.json", "lexical/meta.json"} <= set(names)
    context = multiprocessing.get_context("forkserver")
    wrong = []
    for name in names:
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=try_all, args=(str(sound), str(tmp_path / "work"), name, sender))
        child.start()
        sender.close()
        tried = name
        while True:
            try:
                tried, result = receiver.recv(), receiver.recv()
            except EOFError:
                break
            if result:
                wrong.append(f"{tried}: {result}")
        child.join()
        if child.exitcode:
            wrong.append(f"{tried}: the process ended with {child.exitcode}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM meta WHERE key = 'dim'",
        "UPDATE meta SET value = 'many' WHERE key = 'dim'",
        "UPDATE documents SET blocks = '[1'",
        "UPDATE documents SET warnings = '{'",
        "UPDATE passages SET headings = '3'",
        "UPDATE passages SET start = start + 1",
        "UPDATE passages SET sentences = x'01'",
        "DELETE FROM texts",
        "CREATE TRIGGER t AFTER INSERT ON changes BEGIN DELETE FROM texts; END",
        "CREATE VIEW v AS SELECT * FROM documents",
        "ALTER TABLE documents ADD COLUMN mine TEXT",
        "DROP TABLE changes",
        "PRAGMA user_version = 0",
    ],
)
def test_a_library_edited_by_hand_gets_a_clear_error(sound: Path, tmp_path: Path, statement: str) -> None:
    shutil.copytree(sound, tmp_path / "index")
    connection = sqlite3.connect(tmp_path / "index" / "library.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(QAError, match=r"damaged|missing|no qa library|format|other tables"):
        read_all(tmp_path / "index")


def read_all(path: Path) -> None:
    with QA.open(path) as qa:
        for question in ASKED:
            qa.ask(question)
        for info in qa.documents():
            qa.document(info.source)
