"""A program that kills its children, or fails their system calls, at the n-th thing they do to a library.

``tests/faults.c`` is loaded below everything that writes (Python, SQLite, tantivy) and counts the files that are
made, the writes, syncs, truncations, renames and deletions in the library's folder. ``strikes`` runs an operation
once to count them, then once for every chosen number on a fresh copy, and has what is left judged by a process of its
own.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np

import qa.dense
from qa import indexing, upkeep
from qa.dense import FLAT, TWO_BITS
from qa.errors import LibraryCorrupt, LibraryNotFound, QAError
from qa.feedback import Feedback, FeedbackStore
from qa.history import FILE as HISTORY
from qa.history import History
from qa.library import FILE, UPLOADS, Library, is_library
from qa.readers import read_file
from qa.readers.processes import Readers, Reading
from qa.text import words
from qa.types import Answer, DocumentInfo, IndexReport, Quote, Span, Turn
from qa.users import FILE as USERS
from qa.users import LOCK as USERS_LOCK
from qa.users import Users
from qa.views import Views
from qa.web.strings import EN
from qa.web.uploads import take_upload
from tests.fakes import ENCODER, HashingEncoder, create

SOURCE = Path(__file__).with_suffix(".c")
COUNT, KILL, TEAR, FAIL, FAIL_ON = range(5)
CHANGES, READS = 1, 2
KILLED = 137
State = dict[str, str]
"""The texts of a library by source, its model and its format."""
MODEL, FORMAT = "the model", "the format"
LIMITS = {FLAT: 40, TWO_BITS: 130}
"""The library is quantised from the start, to one bit a dimension when a document is added."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at the n-th call; ``error`` is what a failing call says."""

    name: str
    action: int
    error: int = 0
    kinds: int = CHANGES


FAULTS = (
    Fault("kill", KILL),
    Fault("torn write", TEAR),
    Fault("disk full", FAIL_ON, errno.ENOSPC),
    Fault("disk full for a moment", FAIL, errno.ENOSPC),
    Fault("input/output error", FAIL, errno.EIO),
    Fault("failing disk", FAIL_ON, errno.EIO),
    Fault("unreadable for a moment", FAIL, errno.EIO, READS),
)


# What is done to a library


class InLine(Readers):
    """Reads in this process, and is struck in it: to start another for each strike takes longer than all the rest."""

    def read(self, path: Path, *, source: str, known: Mapping[str, str] | None = None) -> Reading:
        outcomes = list(read_file(path, source=source, known=known))
        return Reading(path, source, known or {}, self, outcomes, done=True)


IN_LINE = InLine()


def lines(name: str, count: int = 30) -> str:
    return "\n\n".join(
        f"{name} 第{number}段 has {number} houses and {name}word{number}." for number in range(count)
    )


def write(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def prepare(root: Path) -> None:
    """Make a library of four documents below ``root``, with two removed ones dead in its views."""
    docs = root / "docs"
    root.mkdir()
    names = ("alpha", "beta", "gamma", "delta", "old0", "old1")
    write(docs, {f"{name}.txt": lines(name, 3 if name.startswith("old") else 30) for name in names})
    for name in GIVEN:
        give(root / "index", name, lines(Path(name).stem))
    with create(root / "index") as library:
        indexing.sync(library, docs, encoder=ENCODER, token_encoder=ENCODER, readers=IN_LINE)
        speak_of(library, *GIVEN)
        upkeep.backup(library, root / "backup")
        upkeep.export(library, root / "old.jsonl")
        for name in ("old0.txt", "old1.txt"):
            (docs / name).unlink()
            indexing.remove(library, name)


def give(path: Path, name: str, text: str) -> None:
    """Upload a file, as the page does."""
    sent = path.parent / "sent"
    sent.write_text(text, encoding="utf-8")
    outcome = take_upload(Uploading(path), sent, name, EN)  # type: ignore[arg-type]
    if outcome.outcome == "failed":
        raise QAError(str(outcome.trouble))


@dataclass(frozen=True, slots=True)
class Uploading:
    """As much of the service as an upload needs."""

    path: Path

    def documents(self) -> list[DocumentInfo]:
        return []

    def add(self, file: Path, *, on_progress: object = None) -> IndexReport:
        with create(self.path) as library:
            return indexing.add(library, [file], encoder=ENCODER, token_encoder=ENCODER, readers=IN_LINE)


def speak_of(library: Library, *names: str) -> None:
    """Keep a user, and a verdict on each document and a turn that quotes it, unless there are."""
    Users(library.path).put("anna", "reader", None)
    verdicts, history = FeedbackStore(library.path), History(library.path)
    for name in names:
        info = library.find(name)
        quote = Quote("", Span(0, 5), info.id, name, passage_id=1)
        answer = Answer(f"{name}?", quote, 0.9, "", ())
        if name not in verdicts.sources():
            verdicts.add(replace(Feedback.on(answer, "right"), source=name))
        if name not in history.sources():
            history.keep("anna", "", Turn(answer.question, answer.question, answer))


def begin(path: Path) -> None:
    """The first documents of a library that is not there yet."""
    add(path)


def add(path: Path) -> None:
    write(path.parent / "more", {"new.txt": lines("new")})
    with create(path) as library:
        more = path.parent / "more"
        indexing.add(library, [more], encoder=ENCODER, token_encoder=ENCODER, readers=IN_LINE)


def sync(path: Path) -> None:
    """One document changes, one is new, one goes, one moves."""
    docs = path.parent / "docs"
    write(docs, {"alpha.txt": lines("alpha", 40), "new.txt": lines("new")})
    (docs / "beta.txt").unlink(missing_ok=True)
    if (docs / "gamma.txt").exists():
        (docs / "sub").mkdir(exist_ok=True)
        (docs / "gamma.txt").rename(docs / "sub" / "gamma.txt")
    with create(path) as library:
        indexing.sync(library, docs, encoder=ENCODER, token_encoder=ENCODER, readers=IN_LINE)


def move(path: Path) -> None:
    """All files lie in another folder, where they are recognised; one has another name, by which it is encoded anew."""
    docs, moved = path.parent / "docs", path.parent / "moved"
    if docs.exists():
        docs.rename(moved)
        (moved / "beta.txt").rename(moved / "better.txt")
    with create(path) as library:
        indexing.sync(library, moved, encoder=ENCODER, token_encoder=ENCODER, readers=IN_LINE)


def remove(path: Path, *, purge: bool = False) -> None:
    with create(path) as library:
        if library.by_source("alpha.txt"):
            indexing.remove(library, "alpha.txt", purge=purge)


def purge(path: Path) -> None:
    remove(path, purge=True)
    with create(path) as library, Views(library) as views:
        views.save(force=True)  # a purge that was struck after its removal


def compact(path: Path) -> None:
    with Library.open(path, write=True) as library:
        upkeep.sweep(library)
        indexing.compact(library)


def upload(path: Path) -> None:
    """A file that is new."""
    give(path, "new.txt", lines("new"))


def upload_again(path: Path) -> None:
    """A file of a name that is there, with other words."""
    give(path, GIVEN[0], lines("first", 40))


def forget(path: Path) -> None:
    """Remove an upload, of which there are a verdict and a turn, as the service does; then what a kill had left."""
    with create(path) as library:
        if library.by_source(GIVEN[0]):
            indexing.remove(library, GIVEN[0])
        FeedbackStore(path).forget({GIVEN[0]})
        History(path).forget({GIVEN[0]})


def speak(path: Path) -> None:
    with Library.open(path) as library:
        speak_of(library, "alpha.txt")


def reencode(path: Path) -> None:
    with Library.open(path, write=True) as library:
        other = HashingEncoder(dim=48, name="other")
        indexing.reencode(library, encoder=other, token_encoder=other)


def restore(path: Path) -> None:
    with create(path) as library:
        upkeep.restore(library, path.parent / "backup")


def backup(path: Path) -> None:
    target = path.parent / SAVED
    if not target.exists():
        with Library.open(path) as library:
            upkeep.backup(library, target)


def export(path: Path) -> None:
    with Library.open(path) as library:
        upkeep.export(library, path.parent / EXPORTED)


def import_(path: Path) -> None:
    """Two documents come back that were removed, the others are there."""
    with create(path) as library:
        upkeep.import_(library, path.parent / "old.jsonl", encoder=ENCODER, token_encoder=ENCODER)


def mend(path: Path) -> None:
    """Damaged documents are brought back from their files, one is lost."""
    upkeep.mend(path, encoder=ENCODER, token_encoder=ENCODER)


def mend_views(path: Path) -> None:
    """The documents are whole, and both views are not."""
    upkeep.mend(path, encoder=ENCODER, token_encoder=ENCODER)


def upgrade(path: Path) -> None:
    """The first writer of a library of an older format."""
    create(path).close()


def outdate(path: Path) -> None:
    """Make a library as the qa of format 2 had it."""
    connection = sqlite3.connect(path / FILE)
    connection.executescript(
        """DROP INDEX documents_path; DROP INDEX documents_sha256; DROP TABLE sketches;
           DROP TABLE unread; ALTER TABLE passages DROP COLUMN reading; PRAGMA user_version = 2"""
    )
    connection.execute("UPDATE documents SET path = ? || path WHERE path LIKE 'uploads/%'", (f"{path}/",))
    connection.commit()
    connection.close()


def damage_views(path: Path) -> None:
    for file in (path / "dense.faiss", next((path / "lexical").glob("*.idx"))):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    (path.parent / DAMAGED).touch()


def damage(path: Path) -> None:
    """Change stored texts behind the library's back; the file of one of them is gone, too."""
    (path.parent / "docs" / "delta.txt").unlink()
    connection = sqlite3.connect(path / FILE)
    connection.execute(
        """UPDATE texts SET text = 'damaged' WHERE document IN
           (SELECT key FROM documents WHERE source IN ('alpha.txt', 'delta.txt', 'first.txt'))"""
    )
    connection.commit()
    connection.close()


GIVEN = ("first.txt", "second.txt")
"""Files that were uploaded."""
SAVED, EXPORTED = "saved", "all.jsonl"
DAMAGED = "damaged"
"""A file beside a library whose views were damaged: a reader may tell that it had to rebuild them."""
BEFORE: dict[Callable[[Path], None], Callable[[Path], None]] = {
    mend: damage,
    mend_views: damage_views,
    upgrade: outdate,
    begin: shutil.rmtree,
}
"""What is done to a library before an operation is tried."""
OPERATIONS: dict[str, Callable[[Path], None]] = {
    operation.__name__: operation
    for operation in (
        *(begin, add, sync, move, remove, purge, compact, reencode, upgrade),
        *(upload, upload_again, forget, speak),
        *(restore, backup, export, import_, mend, mend_views),
    )
}
BESIDE = (backup, export, import_)  # what these write or read lies beside the library


def watched(operation: Callable[[Path], None], path: Path) -> Path:
    """Return the folder in which an operation is struck."""
    return path.parent if operation in BESIDE else path


# What must be true of it afterwards


def state(library: Library) -> State:
    texts = {info.source: library.document(info.source).text for info in library.documents()}
    ((version,),) = library._rows("PRAGMA user_version")
    return texts | {MODEL: library.fingerprint, FORMAT: str(version)}


def judge(path: Path) -> State:
    """Prove that a library is whole, that both its views find every document, and return its texts.

    Nothing where there is no library, or only the beginnings of one.
    """
    if not is_library(path) or is_begun(path):
        return {}
    with Library.open(path) as library, Views(library) as views:
        if problems := library.check():
            return whole_documents(library) | {"damage": "; ".join(problems)} | saved(path)
        found = state(library)
        texts = {source: text for source, text in found.items() if source not in (MODEL, FORMAT)}
        encoder = HashingEncoder(dim=library.dim)
        views.catch_up()
        for source, text in texts.items():
            word = text.split()[0]
            ids, _ = views.lexical.search(words(f"{word}word1"), 3)
            dense, _ = views.dense.search(encoder.encode_queries([text.split("\n\n")[1]])[0], 3)
            for numbers in (ids, dense):
                hits = library.passages(numbers.tolist())
                names = library.sources(hit.document_id for hit in hits)
                assert source in {names[hit.document_id] for hit in hits}, (source, numbers)
        for gone in {"alpha", "beta", "gamma", "delta", "new", "old0", "first"} - {
            text.split()[0] for text in texts.values()
        }:
            assert views.lexical.search(words(f"{gone}word1"), 3)[0].size == 0, gone
        # After a restoration the views that stood before it are told from those of the backup
        known = "rebuilt from" if (path.parent / DAMAGED).exists() else "another history"
        assert [each for each in views.check() if known not in each] == []
        return found | saved(path)


def is_begun(path: Path) -> bool:
    """Tell whether there is a library that is said to be none: without tables, or without a document."""
    try:
        with Library.open(path) as library:
            return not library.documents()
    except LibraryNotFound:
        return True


def whole_documents(library: Library) -> State:
    """Return the texts of a damaged library's documents that are whole."""
    texts, keys = {}, library.keys()
    for key in keys:
        with suppress(LibraryCorrupt):
            document = library.stored(key).document
            texts[document.source] = document.text
    return texts


def beside(path: Path) -> State:
    """Return what is kept beside a library, or a backup: uploads, verdicts, turns, users. Nothing else may be left."""
    kept = {file.name: file.read_text(encoding="utf-8") for file in (path / UPLOADS).glob("*")}
    history = History(path)
    with Library.open(path) as library:
        files = [(info.source, info.path) for info in library.documents()]
    assert history.check() == FeedbackStore(path).check() == []
    turns = [turn for each in history.conversations("anna") for turn in history.read("anna", each.id)]
    told = {
        "verdicts": sorted((each.question, each.source) for each in FeedbackStore(path).read()),
        "turns": sorted((turn.question, turn.quote.source if turn.quote else "") for turn in turns),
        "files": files,
        "users": [user.name for user in Users(path).list()],
    }
    return kept | {name: str(value) for name, value in told.items()}


def saved(path: Path) -> State:
    """Return the texts of the backup and of the export that were made, each proven whole."""
    texts: State = {}
    if (path.parent / SAVED).exists():
        with Library.open(path.parent / SAVED) as library:
            assert library.check() == []
            texts |= {f"backup of {source}": text for source, text in state(library).items()}
        texts |= {f"beside the backup: {name}": text for name, text in beside(path.parent / SAVED).items()}
    if (path.parent / EXPORTED).exists():
        for stored in upkeep.read_export(path.parent / EXPORTED):
            texts[f"export of {stored.document.source}"] = stored.document.text
    return texts


@contextmanager
def noting(states: list[State]) -> Iterator[None]:
    """Note the texts after every transaction."""
    real = Library.transaction

    @contextmanager
    def noted(library: Library) -> Iterator[object]:
        with real(library) as change:
            yield change
        states.append(state(library))

    Library.transaction = noted  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        Library.transaction = real  # type: ignore[method-assign]


# The program


def in_child(work: Callable[[], object]) -> tuple[int, object]:
    """Fork, work, and return the exit status and what the work returned, as JSON carries it."""
    read, write_to = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(read)
            result = work()
            LIBC.faults_disarm()
            with os.fdopen(write_to, "w") as stream:
                json.dump(result, stream)
            os._exit(0)
        except BaseException:
            LIBC.faults_disarm()
            with suppress(OSError), os.fdopen(write_to, "w") as stream:
                json.dump(traceback.format_exc()[-3000:], stream)
            os._exit(1)
    os.close(write_to)
    with os.fdopen(read) as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code, json.loads(text) if text else None


LIBC = ctypes.CDLL(None)


def armed(operation: Callable[[Path], None], path: Path, fault: Fault, number: int) -> dict[str, object]:
    """Do an operation under a fault; tell how it ended and how many calls there were."""
    LIBC.faults_arm(str(watched(operation, path)).encode(), number, fault.action, fault.error, fault.kinds)
    told = ""
    try:
        operation(path)
    except QAError as error:
        told = str(error)
    count = LIBC.faults_count()
    LIBC.faults_disarm()
    return {"told": told, "count": count}


def strikes(name: str, fault: Fault, *, most: int, root: Path) -> Iterator[str]:
    """Yield what went wrong with an operation under a fault, at ``most`` numbers spread over all its calls."""
    operation = OPERATIONS[name]
    base = root / "base"
    if not base.exists():
        work = root / "work"
        code, result = in_child(
            lambda: prepare(work)
        )  # where all copies will be: a library knows its files' paths
        assert code == 0, result
        work.rename(base)

    def fresh() -> Path:
        work = root / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(base, work)
        if operation in BEFORE:
            BEFORE[operation](work / "index")
        return work / "index"

    states: list[State] = []

    def whole() -> dict[str, object]:
        states.append(judge(path))
        with noting(states):
            result = armed(operation, path, Fault("count", COUNT, kinds=fault.kinds), 0)
        after = judge(path)
        return {**result, "states": [*states, after], "after": after, "beside": beside(path)}

    path = fresh()
    code, result = in_child(whole)
    assert code == 0, result
    assert isinstance(result, dict)
    count, allowed, after, kept = (result[name] for name in ("count", "states", "after", "beside"))
    assert count > 3, count
    numbers = np.unique(np.linspace(1, count, min(most, count)).astype(int)).tolist()
    for number in numbers:
        path = fresh()
        place = f"{name}, {fault.name} at call {number} of {count}"
        code, told = in_child(lambda: armed(operation, path, fault, number))  # noqa: B023
        # One call more or less: threads open files as they are run, and the last may not be reached
        missed = isinstance(told, dict) and told["count"] < number
        if code != (KILLED if fault.action in (KILL, TEAR) and not missed else 0):
            yield f"{place}: exit {code}, {told}"
            continue
        code, found = in_child(lambda: judge(path))  # noqa: B023
        if code:
            yield f"{place}: {told}; then {found}"
            continue
        if found not in allowed:
            yield f"{place}: the state is neither before nor after: {sorted(found)}"  # type: ignore[arg-type]
        if isinstance(told, dict) and not told["told"] and found != after:
            yield f"{place}: it said that all went well, and did not do it"

        def again() -> State:
            operation(path)  # noqa: B023
            if operation in (compact, mend, mend_views):  # nothing that a kill left holds on to text
                left = {file.name for file in path.glob(".*")}  # noqa: B023
                assert left <= {HISTORY, USERS, USERS_LOCK}, left
            compact(path)  # noqa: B023
            assert beside(path) == kept, (beside(path), kept)  # noqa: B023
            return judge(path)  # noqa: B023

        code, found = in_child(again)
        if code or found != after:
            yield f"{place}: it cannot be done again: {found}"


def build(folder: Path) -> Path | None:
    """Compile ``faults.c``; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    made = folder / "faults.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return made


def main(arguments: Sequence[str]) -> None:
    """Strike the named operation with every fault (or the one named) at so many calls; print what went wrong."""
    name, most, *chosen = arguments
    qa.dense.LIMITS.update(LIMITS)
    for each in ("faiss", "numpy.ma", "qa.readers.txt", "tantivy"):
        import_module(each)  # before the forks: each would load it anew

    memory = Path("/dev/shm")  # what is killed is the process, not the machine: a real disk would only wait
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        os.environ["SQLITE_TMPDIR"] = folder
        for fault in FAULTS:
            if not chosen or fault.name in chosen:
                for problem in strikes(name, fault, most=int(most), root=Path(folder).resolve()):
                    print(problem, flush=True)
                print(f"struck {name}: {fault.name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
