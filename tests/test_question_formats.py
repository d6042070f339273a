"""Question sets in every format they come in: tables, SQuAD files, TREC topics, judgements and runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qa.errors import QuestionError
from qa.evaluation import Question, load_judged_queries, load_questions, load_squad
from qa.evaluation.marks import mark_values
from qa.evaluation.questions import load_question_set
from qa.evaluation.trec import load_qrels, load_queries, load_run
from qa.readers import document_from_text
from qa.types import Quote, Span


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8"))
    return path


# --- tables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_a_question_set(tmp_path: Path, delimiter: str) -> None:
    header = delimiter.join(("id", "Question", "answers", "source", "lang", "known_failure", "note"))
    first = delimiter.join(("a", '"谁？\n第二行"', "李明 | Li Ming", "a.txt", "zh", "yes", "read by nobody"))
    second = delimiter.join(("", "Why?", "", "", "en", "too hard", ""))
    path = write(tmp_path / "set.csv", f"\ufeff{header}\r\n{first}\r\n{delimiter * 6}\r\n{second}\r\n")
    assert load_questions(path) == [
        Question(
            "a",
            "谁？\n第二行",
            ("李明", "Li Ming"),
            ("a.txt",),
            lang="zh",
            known_failure="marked without a reason",
        ),
        Question("5", "Why?", lang="en", known_failure="too hard"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,text\na,Who?\n", "line 2: 'question' must be a text"),
        ("id,question,answer\na,Who?,Li\n", "line 2: the column 'answer' is not known; call it 'answers'"),
        ("id,question,id\na,Who?,b\n", "line 1: the column 'id' is there twice"),
        ("id,question\na,Who, and when?\n", "line 2: 3 cells under 2 columns"),
        ('id,question\na,"Who?\n', "this is not CSV"),
        ("id,question\na,Who?\na,Who?\n", "line 3: the id 'a' was given before"),
        ("id,question,answers\na,Who?,x | \n", "line 2: 'answers' must hold texts that are not empty"),
        ("id,question\n", "holds no questions"),
    ],
)
def test_a_malformed_table_is_named_by_file_and_line(tmp_path: Path, text: str, reason: str) -> None:
    path = write(tmp_path / "set.csv", text)
    with pytest.raises(QuestionError, match=r"set\.csv") as caught:
        load_questions(path)
    assert reason in str(caught.value)


def test_all_malformed_lines_are_named_and_twenty_of_many(tmp_path: Path) -> None:
    path = write(tmp_path / "set.csv", 'id,question\na,Who, and when?\nb,Why?\nc,\nb,Where?\nd,"What"?\n')
    with pytest.raises(QuestionError) as caught:
        load_questions(path)
    assert [line.split(",")[1].split(":")[0] for line in str(caught.value).splitlines()] == [
        " line 2", " line 4", " line 5", " line 6",
    ]  # fmt: skip
    path = tmp_path / "set.jsonl"
    path.write_bytes(b'{"id": "a"}\n\xff\n' + b"[]\n" * 30)
    with pytest.raises(QuestionError) as caught:
        load_questions(path)
    named = str(caught.value).splitlines()
    assert len(named) == 21
    assert "line 2: this is not UTF-8" in named[1]
    assert named[-1] == "… and 12 more."


def test_a_table_that_is_not_utf8_says_how_to_save_it(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_bytes("id,question\na,谁？\n".encode("gb18030"))
    with pytest.raises(QuestionError, match="save the table as 'CSV UTF-8'"):
        load_questions(tmp_path / "set.csv")


# --- marks on questions ------------------------------------------------------------------------------------


def lines(path: Path, *values: dict[str, Any]) -> Path:
    return write(path, "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values))


def test_a_known_failure_carries_its_reason(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "set.jsonl",
        {"id": "a", "question": "?", "known_failure": True},
        {"id": "b", "question": "?", "known_failure": "needs arithmetic"},
        {"id": "c", "question": "?", "known_failure": False},
    )
    assert [question.known_failure for question in load_questions(path)] == [
        "marked without a reason",
        "needs arithmetic",
        None,
    ]


def test_what_no_reviewer_accepted_is_counted_and_not_asked(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "set.jsonl",
        {"id": "a", "question": "?", "status": "proposed"},
        {"id": "b", "question": "?", "status": "accepted"},
        {"id": "c", "question": "?", "status": "rejected"},
    )
    found = load_question_set(path)
    assert ([question.id for question in found.questions], found.proposed, found.rejected) == (["b"], 1, 1)
    lines(path, {"id": "a", "question": "?", "status": "proposed"})
    with pytest.raises(QuestionError, match="only proposed questions; accept some: qa questions accept ID"):
        load_question_set(path)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"known_failure": 3}, "'known_failure' must be true or the reason"),
        ({"status": "new"}, "'status' must be accepted, proposed or rejected"),
        ({"spans": [[3, 2]], "source": "a"}, "'spans' must be a list of [start, end]"),
        ({"spans": [[0, True]], "source": "a"}, "'spans' must be a list of [start, end]"),
        ({"spans": [[2, 3]]}, "'spans' are of one document"),
        ({"spans": [[2, 3]], "sources": ["a", "b"]}, "'spans' are of one document"),
    ],
)
def test_a_malformed_mark_is_refused(tmp_path: Path, value: dict[str, Any], reason: str) -> None:
    path = lines(tmp_path / "set.jsonl", {"id": "a", "question": "?", **value})
    with pytest.raises(QuestionError, match=r"set\.jsonl, line 1: ") as caught:
        load_questions(path)
    assert reason in str(caught.value)


# --- SQuAD -------------------------------------------------------------------------------------------------


def squad(path: Path, *paragraphs: dict[str, Any], **labels: str) -> Path:
    value = {"version": "v2.0", "data": [{"title": "安吉", "paragraphs": list(paragraphs)}], **labels}
    return write(path, json.dumps(value, ensure_ascii=False))


def asked(identifier: str, text: str = "", start: int | None = 0, **more: Any) -> dict[str, Any]:
    answers = [{"text": text, "answer_start": start}] if text else []
    return {"id": identifier, "question": f"{identifier}?", "answers": answers, **more}


def test_paragraphs_become_documents_and_offsets_spans_of_them(tmp_path: Path) -> None:
    path = squad(
        tmp_path / "set.json",
        {"context": "𠮷县今年增长\r\n7.6%。", "qas": [asked("a", "7.6%", 8), asked("b", is_impossible=True)]},
        {"context": "第二段。", "qas": [asked("c", "第二", 0, lang="en")]},
        lang="zh",
        passage_lang="zh",
    )
    reading = load_squad(path)
    assert [(line.id, line.title, line.text) for line in reading.passages] == [
        ("安吉/1", "安吉", "𠮷县今年增长\n7.6%。"),
        ("安吉/2", "安吉", "第二段。"),
    ]
    first, second, third = reading.questions
    assert first == Question(
        "a", "a?", ("7.6%",), ("安吉/1",), lang="zh", passage_lang="zh", spans=(Span(7, 11),)
    )
    assert first.spans[0].of(reading.passages[0].text) == "7.6%"
    assert not second.answerable
    assert second.sources == ()
    assert (third.lang, third.passage_lang, third.pair) == ("en", "zh", "en>zh")


@pytest.mark.parametrize(
    ("context", "answer"),
    [
        ("苏伊士运河全长约193公里。", "193公里"),
        ("運河の全長は約193キロです。", "193キロ"),
        ("수에즈 운하는 1869년에 개통되었다.", "1869년"),
        ("افتُتحت قناة السويس عام 1869.", "عام 1869"),
        ("स्वेज़ नहर 1869 में खुली।", "1869 में"),
        ("คลองสุเอซเปิดใช้ในปี 1869", "ปี 1869"),
        ("Суэцкий канал открыли в 1869 году.", "в 1869 году"),
        ("Der Sueskanal öffnete 1869.", "öffnete 1869"),
        ("The canal — 193 km — opened in 1869. 😀 Really, in 1869!", "Really, in 1869"),
    ],
)
def test_offsets_hold_in_every_script(tmp_path: Path, context: str, answer: str) -> None:
    start = context.index(answer)
    path = squad(tmp_path / "set.json", {"context": context, "qas": [asked("a", answer, start)]})
    reading = load_squad(path)
    document = document_from_text(reading.passages[0].text, source="安吉/1")
    (span,) = reading.questions[0].spans
    assert span.of(document.text) == answer
    quote = Quote(context, Span(0, len(context)), document.id, "安吉/1", 1, highlights=(span,))
    assert mark_values(reading.questions[0], quote) == dict.fromkeys(
        ("covered", "precision", "recall", "f1"), 1.0
    )


@pytest.mark.parametrize(
    ("paragraph", "reason"),
    [
        ({"context": "abc", "qas": [asked("a", "b", 2)]}, "question 'a': 'b' is not at answer_start 2"),
        ({"context": "abc", "qas": [asked("a", "c", -1)]}, "is not at answer_start -1"),
        ({"context": "abc", "qas": [asked("a", "b", 1), asked("a", "b", 1)]}, "given before"),
        ({"context": "", "qas": []}, "'context' must be a text"),
        ({"context": "abc"}, "'qas' must be a list"),
        ({"context": "abc", "qas": []}, "holds no questions"),
    ],
)
def test_a_malformed_squad_file_is_named_by_its_paragraph(
    tmp_path: Path, paragraph: dict[str, Any], reason: str
) -> None:
    with pytest.raises(QuestionError, match=r"set\.json") as caught:
        load_squad(squad(tmp_path / "set.json", paragraph))
    assert reason in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "{", '{"questions": []}'])
def test_json_that_is_no_squad_file_says_so(tmp_path: Path, text: str) -> None:
    with pytest.raises(QuestionError, match=r"not JSON|SQuAD's format"):
        load_squad(write(tmp_path / "set.json", text))


# --- TREC --------------------------------------------------------------------------------------------------

TOPICS = """<top>
<num> Number: 301
<title> International Organized Crime

<desc> Description:
Identify organizations that participate.
</top>
<top><num>302</num>
<title>
Poliomyelitis and
Post-Polio
</title></top>
"""


def test_topics_are_read(tmp_path: Path) -> None:
    queries = load_queries(write(tmp_path / "topics.txt", TOPICS))
    assert {name: query.question for name, query in queries.items()} == {
        "301": "International Organized Crime",
        "302": "Poliomyelitis and Post-Polio",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("queries.tsv", "1\t谁？\n"),
        ("queries.jsonl", '{"_id": "1", "text": "谁？"}\n'),
        ("queries.jsonl", '{"id": 1, "question": "谁？"}\n'),
    ],
)
def test_queries_are_read_in_every_shape(tmp_path: Path, name: str, text: str) -> None:
    assert load_queries(write(tmp_path / name, text)) == {"1": Question("1", "谁？")}


def test_judgements_are_read_in_four_columns_and_in_three(tmp_path: Path) -> None:
    expected = {"1": {"a b.txt": 2, "c": 0}, "2": {"c": 1}}
    four = write(tmp_path / "four.txt", "1\t0\ta b.txt\t2\n1\t0\tc\t0\n2\t0\tc\t1\n")
    three = write(tmp_path / "three.tsv", "query-id\tcorpus-id\tscore\n1\ta b.txt\t2\n1\tc\t0\n2\tc\t1\n")
    assert load_qrels(four) == expected
    assert load_qrels(three) == expected
    assert load_qrels(write(tmp_path / "spaces", "1 0 c 1\n")) == {"1": {"c": 1}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 0\n", "line 1: columns are needed"),
        ("1 0 a x\n", "line 1: the score must be a whole number"),
        ("1 0 a 1\n1 0 a 0\n", "line 2: 'a' was judged before for '1'"),
        ("\n", "holds no judgements"),
    ],
)
def test_malformed_judgements_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(QuestionError, match=reason):
        load_qrels(write(tmp_path / "qrels", text))


def test_a_judged_query_without_a_text_is_missing(tmp_path: Path) -> None:
    queries = write(tmp_path / "queries.tsv", "1\twho\n3\tnot judged\n")
    benchmark = load_judged_queries(queries, write(tmp_path / "qrels", "1 0 a 1\n2 0 a 1\n"))
    assert [question.id for question in benchmark.questions] == ["1"]
    assert benchmark.missing == ("2",)


def test_a_run_is_in_the_order_of_trec_eval_not_of_its_ranks(tmp_path: Path) -> None:
    # 0.1 + 1e-9 and 0.1 are one 32-bit float: a tie, which trec_eval breaks from the end of the alphabet.
    run = "1 Q0 a 1 0.1000000010 x\n1 Q0 b 2 0.1 x\n1 Q0 c 3 0.9 x\n"
    ranked = load_run(write(tmp_path / "run.txt", run))
    assert [document for document, _ in ranked["1"]] == ["c", "b", "a"]
