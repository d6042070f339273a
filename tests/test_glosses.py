"""Word forms with their meanings in English: each becomes a token that stands where its meaning stands."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from qa.encoder import StaticEncoder, load_token_encoder
from training import glosses
from training.glosses import Form, behind_clitics, load_forms, meant, revise, tokens_of

VOCAB = [
    ["[UNK]", 0.0],
    *(
        [piece, -3.0]
        for piece in ("▁city", "▁the", "▁bank", "▁river", "▁kit", "sch", "▁rare", "ö", "▁ö", "▁stad")
    ),
]


@pytest.fixture
def encoder(tmp_path: Path) -> StaticEncoder:
    """Return a model of a few pieces, all at right angles to each other."""
    from safetensors.numpy import save_file

    shipped = json.loads(Path("src/qa/model/tokenizer.json").read_text(encoding="utf-8"))
    shipped["model"]["vocab"] = VOCAB
    shipped["model"]["unk_id"] = 0
    (tmp_path / "tokenizer.json").write_text(json.dumps(shipped), encoding="utf-8")
    table = np.eye(len(VOCAB), dtype=np.float32)
    save_file({"embedding.weight": table}, tmp_path / "model.safetensors")
    return StaticEncoder.load(tmp_path, name="small")


@pytest.fixture
def tokenizer(encoder: StaticEncoder, tmp_path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(tmp_path / "tokenizer.json"))


def revised(
    encoder: StaticEncoder, tokenizer: Tokenizer, *forms: Form, without: tuple[str, ...] = ()
) -> tuple[dict[str, int], np.ndarray]:
    given_up = np.isin(np.array([piece for piece, _ in VOCAB]), without)
    new, table = revise(tokenizer, encoder, given_up, tokens_of(tokenizer, forms))
    return new.get_vocab(), table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)


def test_every_written_form_has_a_meaning_and_stands_once_in_its_language() -> None:
    forms = list(load_forms())
    assert len(forms) > 100_000
    assert all(form.word and form.frequency > 0 and 1 <= len(form.glosses) <= 3 for form in forms)
    assert all(gloss == gloss.strip() and gloss not in ("", "-") for form in forms for gloss in form.glosses)
    assert max(Counter((form.lang, form.word) for form in forms).values()) == 1


def test_a_new_token_stands_by_its_meaning(encoder: StaticEncoder, tokenizer: Tokenizer) -> None:
    places, table = revised(encoder, tokenizer, Form("sv", "kitsch", 1e-4, ("the city",)))
    told = table[places["▁kitsch"]]
    assert told @ table[places["▁city"]] > 0.5
    assert 0 < told @ table[places["sch"]] < told @ table[places["▁city"]]  # a little is left of its pieces


def test_the_first_meaning_counts_most(encoder: StaticEncoder) -> None:
    told = meant([Form("sv", "bank", 1e-4, ("bank", "river"))], encoder)
    assert told @ encoder.encode_queries(["bank"])[0] > told @ encoder.encode_queries(["river"])[0] > 0


def test_a_token_that_was_there_moves_towards_its_meaning(
    encoder: StaticEncoder, tokenizer: Tokenizer
) -> None:
    places, table = revised(encoder, tokenizer, Form("sv", "stad", 1e-4, ("city",)))
    assert table[places["▁stad"]] @ table[places["▁city"]] == pytest.approx(0.5**0.5, abs=1e-3)
    assert len(places) == len(VOCAB)


def test_what_is_rare_is_given_up_and_the_rest_stays(encoder: StaticEncoder, tokenizer: Tokenizer) -> None:
    places, table = revised(encoder, tokenizer, Form("sv", "kitsch", 1e-4, ("city",)), without=("▁rare",))
    assert "▁rare" not in places
    assert len(places) == len(table) == len(VOCAB)
    assert table[places["▁river"]] @ table[places["▁bank"]] == pytest.approx(0.0, abs=1e-6)


def test_the_most_frequent_words_get_the_room(
    encoder: StaticEncoder, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glosses, "SIZE", len(VOCAB) + 1)
    forms = Form("sv", "kitkit", 1e-6, ("river",)), Form("sv", "kitsch", 1e-4, ("city",))
    places, _ = revised(encoder, tokenizer, *forms)
    assert "▁kitsch" in places
    assert "▁kitkit" not in places


def test_a_word_of_a_script_without_spaces_carries_no_mark() -> None:
    tokenizer = Tokenizer.from_file("src/qa/model/tokenizer.json")
    forms = [Form("zh", "縣委", 1e-5, ("county committee",)), Form("el", "Πόλης", 1e-5, ("of the city",))]
    assert set(tokens_of(tokenizer, forms)) == {"县委", "▁πολησ"}


def test_a_word_behind_clitics_is_a_token_that_begins_no_word() -> None:
    form = Form("ar", "مدينة", 1e-4, ("city",))
    found = dict(
        behind_clitics(
            {"▁مدينه": [form]},
            {"▁ومدينه"},
            {"ar": {"بالمدينه": 2e-6, "كمدينه": 1e-6, "ومدينه": 1.0, "لمدن": 1.0}, "he": {}},
        )
    )
    assert set(found) == {"مدينه"}
    assert found["مدينه"].frequency == pytest.approx(3e-6)
    assert found["مدينه"].glosses == ("city",)


@pytest.mark.parametrize(
    ("form", "english"),
    [
        ("والمدينة", "city"),
        ("ülkelerinde", "countries"),
        ("शहरों", "cities"),
        ("정부는", "government"),
        ("πόλεις", "cities"),
    ],
)
def test_the_model_puts_a_form_by_its_meaning(form: str, english: str) -> None:
    one, other = load_token_encoder().encode_queries([form, english])
    assert one @ other > 0.5
