"""Measures conversations over the sample corpus: how a follow-up fares against its written-out form.

Every dialogue is held turn by turn. A follow-up counts as answered when the quote is right, and beside it whether the
right passage was first; its written-out form, asked by itself, is what it is held against. A topic change is held
against the same question asked by itself. Beside ``qa.chat`` stand the question as it is ("alone") and the rule that
went before ("appended"): short questions, and those that open by pointing back, with the last question after them.

After each dialogue, questions of its language that the corpus cannot answer are asked as well: a carried subject must
not make an answer out of what is none.

    python -m benchmarks.conversation.run [--corpus corpus] [--half fit] [--show] [--crowd ../shared/data]

``--crowd`` adds the passages of the development sets, some thousands in as many languages, so that the sample corpus is
a small part of the library: there a question that has lost its subject finds many other passages.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.conversation.dialogues import FOLLOW_UP, TOPIC, Asked, Dialogue, load_dialogues
from qa import QA
from qa.evaluation import load_questions
from qa.text import fold, script, word_spans
from qa.types import Answer, Turn
from training.dev import as_document, load_dev

Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One turn: its answer in the conversation, by itself, by the rule before, and written out."""

    dialogue: Dialogue
    asked: Asked
    turn: Turn
    alone: Answer
    appended: Answer
    written: Answer

    @property
    def decided(self) -> bool:
        """Whether a follow-up was read as one, and nothing else was."""
        return (self.turn.standalone != self.asked.question) == (self.asked.kind == FOLLOW_UP)


def hold(dialogue: Dialogue, qa: QA, ask: Ask) -> Iterable[Outcome]:
    """Yield the turns of a dialogue after the first, asked in order."""
    conversation = qa.chat()
    appended = dialogue.turns[0].question
    conversation.ask(appended)
    for asked in dialogue.turns[1:]:
        appended = append(asked.question, appended)
        yield Outcome(
            dialogue,
            asked,
            conversation.ask(asked.question),
            ask(asked.question),
            ask(appended),
            ask(asked.standalone),
        )


# The rule that went before: kept as it was, to be measured against.
_SHORT = {"han": 6, "kana": 8, "hangul": 7}
_OPENERS = (
    "那", "那么", "它", "他", "她", "其", "这", "and ", "what about", "how about", "it ", "its ", "he ", "she ",
    "they ", "there", "y ", "et ", "und ", "а ", "и ", "و", "では", "それ", "그", "그럼", "और ", "còn ", "e ",
)  # fmt: skip


def append(question: str, before: str) -> str:
    """Return a question that is short or opens by pointing back with the one before it, any other as it is."""
    folded = fold(question).strip()
    limit = _SHORT.get(script(question))
    short = len(folded) < limit if limit else len(word_spans(question)) < 3
    if short or any(folded.startswith(opener) for opener in map(fold, _OPENERS)):
        return f"{question.strip()} ({before.strip()})"
    return question


@dataclass(frozen=True, slots=True)
class Stranger:
    """A question without an answer, asked after a dialogue and by itself."""

    half: str
    turn: Turn
    alone: Answer


def ask_strangers(
    dialogue: Dialogue, last: Turn, questions: list[str], qa: QA, ask: Ask
) -> Iterable[Stranger]:
    """Yield what comes of questions without an answer, each asked as the next turn of a dialogue."""
    for question in questions:
        conversation = qa.chat()
        conversation.turns.append(last)
        yield Stranger(dialogue.half, conversation.ask(question), ask(question))


def report(title: str, outcomes: list[Outcome]) -> None:
    """Print one line for follow-ups and one for topic changes: right quotes, right passages first, decisions."""
    for kind in (FOLLOW_UP, TOPIC):
        chosen = [outcome for outcome in outcomes if outcome.asked.kind == kind]
        if not chosen:
            continue
        figures = []
        for name in ("written", "turn", "appended", "alone"):
            answers = [(o.asked, o.turn.answer if name == "turn" else getattr(o, name)) for o in chosen]
            quotes = sum(asked.is_quote(answer) for asked, answer in answers)
            passages = sum(asked.is_passage(answer) for asked, answer in answers)
            figures.append(f"{quotes:4d} {passages:4d}")
        decided = sum(outcome.decided for outcome in chosen)
        print(f"{title:>10} {kind:>10} {len(chosen):4d}  " + "   ".join(figures) + f"   {decided:4d}")


def show(outcome: Outcome) -> None:
    """Print a turn: what was asked, how it was read, and what came of it."""
    asked, answer = outcome.asked, outcome.turn.answer
    marks = "".join(
        "Q" if asked.is_quote(given) else "p" if asked.is_passage(given) else "-"
        for given in (outcome.written, answer, outcome.appended, outcome.alone)
    )
    print(f"{outcome.dialogue.id:>10} {marks} {asked.kind:9} {asked.question} => {outcome.turn.standalone}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--half", choices=["fit", "final"], help="only this half")
    parser.add_argument("--crowd", type=Path, help="folder of training data whose passages join the library")
    parser.add_argument("--most", type=int, default=300, help="questions a language whose passages join")
    parser.add_argument("--show", action="store_true", help="print every turn")
    args = parser.parse_args()

    dialogues = [
        dialogue
        for dialogue in load_dialogues(args.corpus / "dialogues.jsonl")
        if args.half in (None, dialogue.half)
    ]
    questions = load_questions(args.corpus / "questions.jsonl")
    with tempfile.TemporaryDirectory() as folder, QA.open(folder) as qa:
        qa.sync(args.corpus)
        if args.crowd:
            crowd = load_dev(args.crowd, most=args.most).passages
            qa.add_documents(as_document(key, text) for key, text in crowd.items())
        print(f"{sum(info.passages for info in qa.documents())} passages")
        started = time.perf_counter()
        ask = cache(qa.ask)
        outcomes: list[Outcome] = []
        strangers: list[Stranger] = []
        for dialogue in dialogues:
            outcomes.extend(hold(dialogue, qa, ask))
            strange = [q.question for q in questions if not q.answerable and q.lang == dialogue.lang]
            strangers.extend(ask_strangers(dialogue, outcomes[-1].turn, strange, qa, ask))
        seconds = time.perf_counter() - started
    if args.show:
        for outcome in outcomes:
            show(outcome)
    print("right quotes and right passages first:")
    print(f"{'':>21} {'':>4}    written      turn   appended      alone   decided")
    for half in sorted({dialogue.half for dialogue in dialogues}):
        mine = [outcome for outcome in outcomes if outcome.dialogue.half == half]
        for lang in sorted({outcome.dialogue.lang for outcome in mine}):
            report(lang, [outcome for outcome in mine if outcome.dialogue.lang == lang])
        report(half, mine)
        asked = [stranger for stranger in strangers if stranger.half == half]
        print(
            f"{half:>10} unanswerable {len(asked)}: answered in the conversation "
            f"{sum(stranger.turn.answer.answered for stranger in asked)}, alone "
            f"{sum(stranger.alone.answered for stranger in asked)}, read with the subject before "
            f"{sum(stranger.turn.standalone != stranger.turn.question for stranger in asked)}"
        )
        if args.show:
            for stranger in asked:
                if stranger.turn.answer.answered and not stranger.alone.answered:
                    print(f"{'':>10} {stranger.turn.standalone}")
    print(f"{seconds:.1f} s for {len(outcomes)} turns, each asked four ways")


if __name__ == "__main__":
    main()
