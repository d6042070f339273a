"""Why a passage was found: shares that add up to the score, and words that met, in every script."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qa import QA
from qa.cli import app
from qa.encoder import load_encoder, load_token_encoder
from qa.errors import QAError
from qa.explaining import MEANINGS, explain
from qa.library import Library
from qa.ranking import READ, RankingModel
from qa.search import SEARCHED, Searcher
from qa.types import Explanation, Hit, Meeting, Passage, Span, TokenIds, Tokens
from qa.views import Views
from tests.fakes import ENCODER, make_document

TEXTS = {
    "zh.md": "# 云山茶园\n\n苏伊士运河全长约193公里，1869年通航。\n",
    "ja.md": "# 図書館\n\n東京の図書館は朝九時に開館します。\n",
    "th.md": "# ข่าว\n\nรถไฟไทยเริ่มเดินรถในปี 2439\n",
    "ar.md": "# أخبار\n\nافتتحت قناة السويس عام 1869 أمام السفن.\n",
    "hi.md": "# समाचार\n\nदिल्ली भारत की राजधानी है।\n",
    "ko.md": "# 소식\n\n도서관은 아침 아홉 시에 문을 엽니다.\n",
    "de.md": "# Mühle\n\n## Geschichte\n\nSie wurde 1784 von der Wasserstraßenverwaltung gebaut.\n",
    "en.md": "# Port Lerrin\n\nThe harbour was opened in 1902.\nIts lighthouse is 41 metres high.\n",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explaining")
    (folder / "docs").mkdir()
    for name, text in TEXTS.items():
        (folder / "docs" / name).write_text(text, encoding="utf-8")
    with QA.open(folder / "index") as service:
        service.sync(folder / "docs")
    return folder / "index"


@pytest.fixture(scope="module")
def qa(library: Path) -> Iterator[QA]:
    with QA.open(library) as service:
        yield service


def total(explanation: Explanation) -> float:
    return explanation.intercept + sum(share.points for share in explanation.shares)


def first(qa: QA, question: str, source: str) -> Hit:
    """Return the best hit of one document."""
    return next(hit for hit in qa.search(question, k=20) if hit.source == source)


def met(hit: Hit) -> dict[str, Meeting]:
    return {word.asked: word for word in hit.explain().words}


# What the score is made of


@pytest.mark.parametrize(
    "question",
    [
        "苏伊士运河有多长？",
        "図書館は何時に開館しますか",
        "รถไฟไทยเริ่มเดินรถเมื่อไร",
        "متى افتتحت قناة السويس؟",
        "भारत की राजधानी क्या है?",
        "Wer baute die Mühle?",
        "How long is the canal, 1869?",
    ],
)
def test_intercept_and_shares_add_up_to_the_score_in_and_across_languages(qa: QA, question: str) -> None:
    hits = qa.search(question, k=20)
    same = [hit.features["same_language"] for hit in hits]
    assert min(same) < 0.5 < max(same)
    for hit in hits:
        explanation = hit.explain()
        assert explanation.score == hit.score
        assert total(explanation) == pytest.approx(hit.score, abs=1e-4)
        scored = {name: value for name, value in hit.features.items() if name != SEARCHED}
        assert {share.name: share.value for share in explanation.shares} == scored


def test_shares_by_hand_between_two_languages() -> None:
    model = RankingModel(("dense", "same_language"), same=(1.0, 4.0, 0.0), cross=(2.0, 8.0, 0.0))
    hit = Hit(1, 4.625, Passage("d", Span(0, 1), "a"), "a.txt", {"dense": 0.5, "same_language": 0.75})
    # a quarter of the other language's weights: 0.75 · 1 + 0.25 · 2; 0.75 · 4 + 0.25 · 8
    explanation = explain(hit, "", model=model, encoder=ENCODER)
    assert explanation.intercept == 1.25
    assert [(share.weight, share.points) for share in explanation.shares] == [(5.0, 2.5), (0.0, 0.0)]


def test_every_feature_has_a_name_in_plain_words() -> None:
    assert set(MEANINGS) == set(READ), "qa.explaining.MEANINGS names the features of the ranking"


def test_a_feature_without_plain_words_goes_by_its_own_name() -> None:
    model = RankingModel(("new", "same_language"), same=(0.0, 1.0, 0.0), cross=(0.0, 1.0, 0.0))
    hit = Hit(1, 1.0, Passage("d", Span(0, 1), "a"), "a.txt", {"new": 1.0, "same_language": 1.0})
    assert explain(hit, "", model=model, encoder=ENCODER).shares[0].meaning == "new"


# Which words met


@pytest.mark.parametrize(
    ("question", "source", "asked", "word"),
    [
        ("苏伊士运河有多长？", "zh.md", "苏伊士运河", "苏伊士运河"),
        ("蘇伊士運河有多長？", "zh.md", "蘇伊士運河", "苏伊士运河"),
        ("東京の図書館は何時ですか", "ja.md", "東京", "東京"),
        ("รถไฟไทยเริ่มเมื่อไร", "th.md", "รถไฟ", "รถไฟ"),
        ("متى افتتحت قناة السويس؟", "ar.md", "السويس", "السويس"),
        ("भारत की राजधानी क्या है?", "hi.md", "राजधानी", "राजधानी"),
        ("도서관은 언제 문을 엽니까?", "ko.md", "도서관은", "도서관은"),
        (
            "Was tat die Wasserstraßenverwaltung?",
            "de.md",
            "Wasserstraßenverwaltung",
            "Wasserstraßenverwaltung",
        ),
        ("How high is the lighthouse?", "en.md", "lighthouse", "lighthouse"),
    ],
)
def test_words_meet_as_words_in_every_script(
    qa: QA, question: str, source: str, asked: str, word: str
) -> None:
    words = met(first(qa, question, source))
    found = next(words[name] for name in words if asked in name)
    assert found.place == "passage"
    assert word in found.met
    assert found.score > 0.8
    assert 0 < found.weight <= 1


def test_words_meet_across_languages(qa: QA) -> None:
    words = met(first(qa, "When was the canal opened?", "zh.md"))
    assert words["canal"].met == "运河"
    assert words["canal"].place == "passage"
    assert 0.45 < words["canal"].score < 0.9


def test_every_word_is_a_slice_of_the_document_and_of_the_passage(qa: QA) -> None:
    for question in ("苏伊士运河有多长？", "When was the harbour opened?", "قناة السويس", "รถไฟไทย"):
        for hit in qa.search(question, k=20):
            text = qa.document(hit.source).text
            for word in hit.explain().words:
                assert word.asked in question
                assert (word.place == "passage") == (word.span is not None)
                assert (word.place == "") == (word.met == "")
                if word.span:
                    assert word.span.of(text) == word.met
                    assert hit.passage.span.contains(word.span)


@pytest.mark.parametrize(
    ("question", "source", "asked"),
    [
        ("Wer baute die Mühle?", "de.md", "Mühle"),
        ("Geschichte der Mühle", "de.md", "Geschichte"),
        ("云山茶园在哪里？", "zh.md", "云山茶园"),
    ],
)
def test_a_word_of_title_or_headings_is_called_so_and_has_no_place_in_the_passage(
    qa: QA, question: str, source: str, asked: str
) -> None:
    words = met(first(qa, question, source))
    found = next(words[name] for name in words if asked in name)
    assert (found.met, found.place, found.span) == (asked, "title", None)


def test_a_word_that_nothing_meets_says_so(qa: QA) -> None:
    words = met(first(qa, "Is there a pharmacy near the lighthouse?", "en.md"))
    assert (words["pharmacy"].met, words["pharmacy"].place, words["pharmacy"].span) == ("", "", None)
    assert words["pharmacy"].score < 0.45
    assert words["lighthouse"].met == "lighthouse"


def test_light_words_are_left_out_and_do_not_stand_for_their_neighbours(qa: QA) -> None:
    words = met(first(qa, "When was the harbour opened?", "en.md"))
    assert "the" not in words
    # amid its neighbours "The" before "harbour" scores higher than "harbour" itself
    assert words["harbour"].met == "harbour"
    assert words["opened"].met == "opened"


def explained(question: str, text: str, *, title: str = "") -> tuple[Meeting, ...]:
    model = RankingModel(("same_language",), same=(0.0, 0.0), cross=(0.0, 0.0))
    passage = Passage("d", Span(100, 100 + len(text)), text, title)
    hit = Hit(1, 0.0, passage, "a.txt", {"same_language": 1.0})
    return explain(hit, question, model=model, encoder=load_token_encoder()).words


@pytest.mark.parametrize("question", ["", " ", "?!", "🙂", "\n"])
def test_a_question_without_words_meets_nothing(question: str) -> None:
    assert explained(question, "The harbour was opened in 1902.", title="Port") == ()


@pytest.mark.parametrize("text", ["", "…", "—\n—"])
def test_in_a_passage_without_words_nothing_is_met(text: str) -> None:
    words = explained("When was the harbour opened?", text)
    assert {word.asked for word in words} >= {"harbour", "opened"}
    assert all(word.met == "" for word in words)


def test_a_word_is_found_at_the_end_of_a_long_passage_and_of_a_long_question() -> None:
    text = "Bread and butter are sold here. " * 500 + "The lighthouse is high."
    (word,) = (word for word in explained("How high is the lighthouse?", text) if word.asked == "lighthouse")
    assert word.span == Span(100, 110).shift(text.index("lighthouse"))
    words = explained("and it is so " * 200 + "the lighthouse", text)
    assert [word.met for word in words if word.asked == "lighthouse"] == ["lighthouse"]


def test_a_word_over_a_hard_line_break_is_met_in_its_parts() -> None:
    (word, *_) = explained("苏伊士运河有多长", "从前的苏伊士运\n河很窄。")
    assert word.met == "苏伊士"
    assert word.span == Span(103, 106)


# The hit


TOKENS = load_token_encoder()


class Counting:
    """Counts the texts that are cut into tokens with their spans."""

    def __init__(self) -> None:
        self.texts = 0

    def tokens(self, text: str, ending: TokenIds | None = None) -> Tokens:
        self.texts += 1
        return TOKENS.tokens(text, ending)

    def __getattr__(self, name: str) -> Any:
        return getattr(TOKENS, name)


def test_a_search_computes_nothing_for_explanations(tmp_path: Path) -> None:
    encoder = Counting()
    with QA.open(tmp_path / "index") as qa:
        qa.add_documents([make_document("en", "The harbour was opened.\nThe mill is old.")])
    with Library.open(tmp_path / "index") as library, Views(library) as views:
        hits = Searcher(library, views, load_encoder(), encoder).search("When was the harbour opened?")
    assert hits
    assert encoder.texts == 0
    # the library is closed: the hit holds what it needs
    assert {word.met for word in hits[0].explain().words} >= {"harbour", "opened"}
    assert encoder.texts == 3


def test_what_explains_a_hit_is_no_part_of_its_value(qa: QA) -> None:
    hit = qa.search("How high is the lighthouse?", k=1)[0]
    plain = Hit(*(getattr(hit, each.name) for each in fields(hit)))
    assert hit == plain
    assert repr(hit) == repr(plain)
    assert asdict(hit) == asdict(plain)
    assert hit.to_dict() == plain.to_dict()
    assert json.dumps(asdict(hit))
    assert len(pickle.dumps(hit)) == len(pickle.dumps(plain))
    for twin in (pickle.loads(pickle.dumps(hit)), copy.copy(hit), copy.deepcopy(hit), replace(hit), plain):
        assert twin == hit
        with pytest.raises(QAError, match="Explain the hits of a search"):
            twin.explain()


# The command line


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["search", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_explain_prints_words_and_shares(library: Path) -> None:
    asked = ("Was tat die Wasserstraßenverwaltung an der Mühle?", "-k", "1", "--index", str(library))
    output = run(*asked, "--explain")
    assert "“Mühle” meets “Mühle” (title)\n" in output
    assert "“Wasserstraßenverwaltung” meets “Wasserstraßenverwaltung” [47–70]\n" in output
    assert "is the score, made of\n" in output
    assert all(f"  {meaning} (" in output for meaning in MEANINGS.values())
    plain = run(*asked)
    assert output.startswith(plain)
    assert "meets" not in plain


def test_explain_in_json_adds_one_key_to_each_hit(library: Path, qa: QA) -> None:
    question = ("苏伊士运河有多长？", "--json", "--index", str(library))
    plain, hits = json.loads(run(*question))["hits"], json.loads(run(*question, "--explain"))["hits"]
    for hit in hits:
        explanation = hit.pop("explanation")
        assert list(explanation) == ["score", "intercept", "shares", "words"]
        points = sum(share["points"] for share in explanation["shares"])
        assert explanation["intercept"] + points == pytest.approx(hit["score"], abs=1e-4)
        assert all(
            share.keys() == {"name", "meaning", "value", "weight", "points"}
            for share in explanation["shares"]
        )
        for word in explanation["words"]:
            assert word.keys() == {"asked", "weight", "met", "place", "start", "end", "score"}
            if word["place"] == "passage":
                text = qa.document(hit["source"]).text
                assert text[word["start"] : word["end"]] == word["met"]
    assert hits == plain
