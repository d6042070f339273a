"""The articles that the project wrote to fit on: their questions are answered by words that stand in them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from qa.encoder import StaticEncoder, load_token_encoder
from qa.splitter import split_document
from training.dev import bare, load_articles
from training.extractor import ARTICLES, Asked, Piece, add_articles


def test_answers_stand_word_for_word_in_their_articles() -> None:
    articles = load_articles()
    assert len(articles) >= 500
    for article in articles:
        assert article.questions
        for question in article.questions:
            assert question.answers
            assert all(each in article.text for each in question.answers), (article.title, question.text)


def test_the_passages_hold_what_the_articles_hold() -> None:
    for article in load_articles("fit")[:60]:
        passages = [bare(passage.text) for passage in split_document(article.document())]
        for question in article.questions:
            answers = [bare(each) for each in question.answers]
            assert any(answer in passage for answer in answers for passage in passages)


def test_titles_and_questions_are_there_once() -> None:
    articles = load_articles()
    titles = Counter(article.title for article in articles)
    assert [title for title, count in titles.items() if count > 1] == []


def test_halves_share_no_article_and_ask_across_languages() -> None:
    halves = [load_articles("fit"), load_articles("final")]
    assert sum(map(len, halves)) == len(load_articles())
    for articles in halves:
        kinds = Counter(question.kind for article in articles for question in article.sourced())
        assert kinds["cross"] > kinds["same"] > 500


@pytest.fixture(scope="module")
def asked() -> tuple[list[Piece], list[Asked]]:
    encoder = load_token_encoder()
    assert isinstance(encoder, StaticEncoder)
    pieces: list[Piece] = []
    asked: list[Asked] = []
    add_articles(load_articles("fit")[:12], pieces, asked, encoder)
    return pieces, asked


def test_the_reader_is_told_where_the_answer_is(asked: tuple[list[Piece], list[Asked]]) -> None:
    pieces, questions = asked
    answers = {
        bare(each) for article in load_articles("fit")[:12] for q in article.questions for each in q.answers
    }
    assert len(questions) > 150
    for one in questions:
        piece = pieces[one.piece]
        assert one.lang == ARTICLES
        start, end = int(piece.spans[one.first, 0]), int(piece.spans[one.last, 1])
        told = bare(piece.whole[start:end])
        assert any(answer in told or told in answer for answer in answers)


def test_what_lies_beside_the_answer_does_not_hold_it(asked: tuple[list[Piece], list[Asked]]) -> None:
    pieces, questions = asked
    own = [np.isin([pieces[n].whole for n in one.others], pieces[one.piece].whole).sum() for one in questions]
    assert np.mean([count > 0 for count in own]) > 0.8  # mostly another passage of the same article
    assert all(one.piece not in one.others for one in questions)
