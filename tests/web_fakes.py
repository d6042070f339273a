"""A stand-in for ``qa.service.QA`` with answers written down by hand, for the tests of page and server."""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qa import guard
from qa.config import load_config
from qa.errors import DocumentNotFound, LibraryNotFound, QuestionError, ScopeError
from qa.feedback import Feedback, FeedbackStore
from qa.types import (
    Answer,
    Block,
    Document,
    DocumentInfo,
    FileProblem,
    Hit,
    IndexReport,
    Passage,
    Quote,
    Receipt,
    Scope,
    Span,
    Turn,
)
from qa.web import PageSettings, connection, launch
from qa.web.service import OnProgress


@dataclass(frozen=True)
class Fact:
    """The question word that finds a sentence, and the words in it that answer."""

    asked: str
    source: str
    sentence: str
    answer: str


@dataclass
class FakeQA:
    """Documents are plain texts, a passage is a paragraph, and a question finds the facts it names."""

    path: Path
    texts: dict[str, str] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)
    headings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    probability: float = 0.97

    def ask(self, question: str, *, scope: Scope | None = None) -> Answer:
        if not question.strip():
            raise QuestionError("The question is empty. Ask something.")
        if "slowly" in question:
            time.sleep(1.0)
        if "explode" in question:
            raise RuntimeError("a bug")
        hits = self.search(question, scope=scope)
        for fact in self.facts:
            if fact.asked in question and (not scope or scope.holds(self.find(fact.source))):
                quote = self._quote(fact)
                hits = sorted(hits, key=lambda hit: hit.passage.id != quote.passage_id)
                return Answer(
                    question, quote, self.probability, "The words of the question stand here.", tuple(hits)
                )
        return Answer(question, None, 0.2, "The best passage is too unlikely to answer this.", tuple(hits))

    def search(self, question: str, *, k: int = 10, scope: Scope | None = None) -> list[Hit]:
        if not self.texts:
            raise LibraryNotFound(f"No library at '{self.path}'. Build one: qa index corpus/")
        inside = [info.source for info in self.documents() if not scope or scope.holds(info)]
        if not inside:
            raise ScopeError("No document is there.")
        passages = [passage for source in inside for passage in self._passages(source)]
        sources = {self._id(source): source for source in self.texts}
        return [
            Hit(rank, 1.0 / rank, passage, sources[passage.document_id])
            for rank, passage in enumerate(passages[:k], start=1)
        ]

    def give_feedback(self, feedback: Feedback) -> Feedback:
        return FeedbackStore(self.path).add(feedback)

    def chat(self, turns: Sequence[Turn] = ()) -> FakeTalk:
        return FakeTalk(self, turns)

    def documents(self) -> list[DocumentInfo]:
        if not self.texts:
            raise LibraryNotFound(f"No library at '{self.path}'. Build one: qa index corpus/")
        return [
            DocumentInfo(
                self._id(source),
                source,
                self.titles.get(source, ""),
                source,
                "text/plain",
                self.pages.get(source),
                len(self._passages(source)),
                len(text),
                hashlib.sha256(text.encode()).hexdigest(),
                "2026-01-02T03:04:05Z",
            )
            for source, text in self.texts.items()
        ]

    def document(self, source: str) -> Document:
        source = self.find(source).source
        passages = self._passages(source)
        blocks = tuple(
            Block(passage.span, page=passage.page, headings=passage.headings) for passage in passages
        )
        title = self.titles.get(source, "")
        return Document(self._id(source), source, title, self.texts[source], blocks, "", pages=None)

    def find(self, source: str) -> DocumentInfo:
        found = next((info for info in self.documents() if source in (info.source, info.id)), None)
        if found is None:
            raise DocumentNotFound(f"No document '{source}'.")
        return found

    def add(self, path: Path, *, on_progress: OnProgress | None = None) -> IndexReport:
        if on_progress:
            on_progress(0, 1, path.name)
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return IndexReport(failed=(FileProblem(str(path), f"{path.name}: this is no text."),))
        known = self.texts.get(path.name)
        self.texts[path.name] = text
        if known == text:
            return IndexReport(unchanged=(path.name,))
        return IndexReport(updated=(path.name,)) if known else IndexReport(added=(path.name,))

    def remove(self, source: str) -> Receipt:
        info = self.find(source)
        del self.texts[info.source]
        self.facts = [fact for fact in self.facts if fact.source != info.source]
        return Receipt(info.source, info.id, info.passages, info.passages, info.passages)

    def _quote(self, fact: Fact) -> Quote:
        text = self.texts[fact.source]
        start = text.index(fact.sentence)
        mark = text.index(fact.answer, start) if fact.answer else start
        span = Span(start, start + len(fact.sentence))
        holder = next(passage for passage in self._passages(fact.source) if passage.span.contains(span))
        return Quote(
            fact.sentence,
            span,
            holder.document_id,
            fact.source,
            holder.id,
            page=holder.page,
            headings=holder.headings,
            highlights=(Span(mark, mark + len(fact.answer)),) if fact.answer else (),
        )

    def _passages(self, source: str) -> list[Passage]:
        first = 1000 * list(self.texts).index(source) + 1
        return [
            Passage(
                self._id(source),
                Span(found.start(), found.end()),
                found[0],
                headings=self.headings.get(source, ()),
                page=self.pages.get(source),
                id=number,
            )
            for number, found in enumerate(
                re.finditer(r"\S.*?(?=\n\n\n|\Z)", self.texts[source], re.S), first
            )
        ]

    @staticmethod
    def _id(source: str) -> str:
        return hashlib.sha256(source.encode()).hexdigest()[:32]


@dataclass
class FakeTalk:
    service: FakeQA
    turns: Sequence[Turn] = ()

    def ask(self, question: str, *, alone: bool = False, scope: Scope | None = None) -> Turn:
        standalone = question if alone else question.replace("there", "in Anji")
        return Turn(question, standalone, self.service.ask(standalone, scope=scope))


HOSTILE_NAME = "<img src=x onerror=window.hacked=1>.txt"
HOSTILE = (
    '<script>window.hacked=1</script> <img src=x onerror="window.hacked=1"> </style></textarea></span>'
    " {{constructor}} ${window.hacked=1} `x` \\u0041 $x^2$ **bold** [a](javascript:window.hacked=1)"
    " \u202eevil\u202c & &amp; &lt; The secret number is 42.\r\nSecond line."
)


def demo(path: Path) -> FakeQA:
    """Return documents in four scripts and one that attacks the page, with a question for each."""
    gdp = "今年上半年，全县地区生产总值增长7.6%，规上工业增加值增长11.7%，制造业投资\n\n增长35.1%。"
    vote = (
        "On 4 March 1911 the council, after a long debate about the cost\nof coal, voted 17 to 5 to heat the"
        " reading room through the\nwinter, so that nobody had to read in gloves."
    )
    books = "تضم المكتبة ثمانية ملايين كتاب (8,000,000) ومركزًا للمخطوطات."
    seats = "閲覧室の席は120席で、冬は暖房があります。"
    return FakeQA(
        path,
        texts={
            "人民日报 第6版.txt": f"安吉县坚持“稳进立”。{gdp}\n\n\n布局新经济，挺进发展新赛道。",
            "reading-room.txt": f"The reading room opens every weekday.\n{vote} The vote was\nin the papers.",
            "مكتبة.txt": f"تأسست المكتبة عام 2002. {books} يزورها نحو مليون شخص كل عام.",
            "図書館.txt": f"図書館は1911年に開館しました。{seats}",
            HOSTILE_NAME: HOSTILE,
        },
        facts=[
            Fact("生产总值", "人民日报 第6版.txt", gdp, "增长7.6%"),
            Fact("council", "reading-room.txt", vote, "voted 17 to 5"),
            Fact("كتاب", "مكتبة.txt", books, "ثمانية ملايين كتاب (8,000,000)"),
            Fact("席", "図書館.txt", seats, "120席"),
            Fact("secret", HOSTILE_NAME, HOSTILE, "42"),
        ],
        headings={
            "人民日报 第6版.txt": ("“三新汇聚”塑造发展新动能新优势",),
            "reading-room.txt": ("Chronicle", "1911"),
            HOSTILE_NAME: (HOSTILE_NAME, "</span><script>window.hacked=1</script>"),
        },
        pages={"人民日报 第6版.txt": 6},
        titles={"人民日报 第6版.txt": "“三新汇聚”塑造发展新动能新优势", HOSTILE_NAME: f"{HOSTILE_NAME}'\""},
    )


EXAMPLES = (
    "今年上半年地区生产总值增长多少？",
    "How did the council vote?",
    "كم كتابًا في المكتبة؟",
    "席はいくつですか？",
)


def main() -> None:
    """Serve the page over the demo: ``python -m tests.web_fakes FOLDER [SETTING=VALUE…]``; prints the address."""
    folder, *settings = sys.argv[1:]
    given = dict(setting.split("=", 1) for setting in settings)
    allow_remote = bool(given.pop("allow_remote", ""))
    guard.BODY_SECONDS = connection.HEAD_SECONDS = float(given.pop("patience", 15.0))
    launch(
        demo(Path(folder)),
        load_config(environment={}, max_upload_mb=1, max_uploads=3, **{"port": 0, **given}),
        settings=PageSettings(examples=EXAMPLES, max_upload_mb=1, max_uploads=3),
        allow_remote=allow_remote,
        on_ready=lambda address: print(address, flush=True),
    )


if __name__ == "__main__":
    main()
