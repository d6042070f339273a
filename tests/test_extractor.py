"""The extractor: numpy and torch agree, spans are sound, and answers are found in several languages."""

from __future__ import annotations

import numpy as np
import pytest

from qa.encoder import load_token_encoder
from qa.extractor import LONGEST_ANSWER, Extractor, best_answer
from qa.languages import Languages
from qa.ranking import Question, interact, lay


def test_numpy_reads_what_torch_reads() -> None:
    torch = pytest.importorskip("torch")
    from training.extractor import Group, Net, arrays

    encoder, figures = load_token_encoder(), Languages.load().figures
    question = Question.of(encoder.token_ids(["Wann wurde die Brücke gebaut?"])[0], encoder)
    told = [
        "Die Brücke wurde 1932 gebaut.",
        "桥",
        "",
        "The bridge over the river is 500 m long. It was built in 1932.",
    ]
    texts = encoder.token_ids(told)
    torch.manual_seed(0)
    net = Net(encoder.dim).eval()
    batch = arrays([Group(question, texts, True, 0, 0)], encoder, figures)
    for name in ("begin", "end", "none"):
        del batch[name]
    with torch.no_grad():
        odds = net(**batch)[0].numpy()
    extractor = Extractor({name: value.numpy() for name, value in net.state_dict().items()}, figures)
    readings = extractor.extract(question, texts, interact(question, lay(texts, encoder)), encoder)
    for text, reading, right in zip(texts, readings, odds, strict=True):
        assert reading.begins == pytest.approx(right[: len(text), 0], abs=1e-4)
        assert reading.ends == pytest.approx(right[: len(text), 1], abs=1e-4)


def test_the_best_answer_begins_before_it_ends_and_is_no_longer_than_it_may() -> None:
    rng = np.random.default_rng(0)
    for length in (1, 2, 39, 41, 200):
        begins, ends = rng.normal(size=(2, length)).astype(np.float32)
        reading = best_answer(begins, ends)
        pairs = [(i, j) for i in range(length) for j in range(i, min(i + LONGEST_ANSWER, length))]
        best = max(pairs, key=lambda pair: begins[pair[0]] + ends[pair[1]])
        assert (reading.first, reading.last) == best
        assert reading.score == pytest.approx(begins[best[0]] + ends[best[1]], abs=1e-6)
    assert best_answer(*np.zeros((2, 0), np.float32)).score == -np.inf
