"""Word forms with their meanings in English: each becomes a token that stands where its meaning stands."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import marisa_trie
import numpy as np
import pandas as pd
import pytest
from tokenizers import Tokenizer

from qa.encoder import StaticEncoder, load_token_encoder
from qa.languages import SHARED, Languages
from training import glosses
from training.glosses import (
    OF_NONE,
    STEMMED,
    Form,
    behind_clitics,
    cut_apart,
    extended,
    in_trie_order,
    languages_of,
    load_forms,
    load_names,
    meant,
    of_other_languages,
    reduced,
    revise,
    share,
    stems,
    tokens_of,
    with_frequencies,
)
from training.languages import LEVELS
from training.words import extend

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
    new, table, _ = revise(tokenizer, encoder, given_up, tokens_of(tokenizer, forms))
    return new.get_vocab(), table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)


def test_every_written_form_has_a_meaning_and_stands_once_in_its_language() -> None:
    forms = list(load_forms())
    assert len(forms) > 100_000
    assert all(form.word and form.frequency > 0 and 1 <= len(form.glosses) <= 3 for form in forms)
    assert all(gloss == gloss.strip() and gloss not in ("", "-") for form in forms for gloss in form.glosses)
    assert max(Counter((form.lang, form.word) for form in forms).values()) == 1


def test_names_are_written_by_their_english_form_each_form_one_word() -> None:
    names = list(load_names())
    assert len(names) > 150_000
    assert all(name.named and name.word and " " not in name.word and len(name.glosses) == 1 for name in names)
    assert {name.word for name in names if name.glosses == ("warsaw",) and name.lang == "ru"} >= {"варшава"}


def test_a_new_token_has_the_direction_of_what_it_means(encoder: StaticEncoder, tokenizer: Tokenizer) -> None:
    forms = [Form("sv", "kitsch", 1e-4, ("city",)), Form("sv", "kitkit", 1e-5, ("the bank river",))]
    none = np.zeros(len(VOCAB), np.bool_)
    new, table, owners = revise(tokenizer, encoder, none, tokens_of(tokenizer, forms))
    places = new.get_vocab()
    assert owners[places["▁kitsch"]] == places["▁city"]
    assert np.linalg.norm(table[places["▁kitsch"]]) == pytest.approx(glosses.MEANT)
    assert owners[places["▁kitkit"]] == places["▁kitkit"]  # near none of the three: a row of its own
    assert table[places["▁kitkit"]] @ table[places["▁river"]] > 0.4


def test_tokens_that_mean_the_same_share_a_row_though_none_was_there() -> None:
    table = np.array([[1, 0, 0], [0, 0.1, 0.1], [0, 1, 1], [0.9, 0.1, 0], [0, 1, -1]], np.float32)
    own = np.array([True, False, False, False, False])
    assert share(table, own, np.full(5, 0.9)).tolist() == [0, 1, 1, 0, 4]
    assert share(table, own, np.full(5, 0.999)).tolist() == [0, 1, 1, 3, 4]  # a name is no other


def test_fewer_dimensions_keep_lengths_and_nearly_all_cosines(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    table = (rng.standard_normal((200, 8)) @ rng.standard_normal((8, 32))).astype(np.float32)
    monkeypatch.setattr(glosses, "DIM", 8)
    small, onto = reduced(table, np.arange(200))
    assert small.shape == (200, 8)
    np.testing.assert_allclose(small @ small.T, table @ table.T, atol=1e-2)
    np.testing.assert_allclose(onto.T @ onto, np.eye(8), atol=1e-4)


def test_pieces_are_numbered_as_the_keys_of_their_trie(tokenizer: Tokenizer) -> None:
    table = np.arange(len(VOCAB), dtype=np.float32)[:, None]
    owners = np.arange(len(VOCAB))
    owners[3] = 2
    new, moved, owned = in_trie_order(tokenizer, table, owners)
    trie = marisa_trie.Trie([piece for piece, _ in VOCAB])
    for piece, number in tokenizer.get_vocab().items():
        place = new.token_to_id(piece)
        assert place == trie.key_id(piece)
        assert moved[place, 0] == number
        assert moved[owned[place], 0] == owners[number]
    assert new.id_to_token(json.loads(new.to_str())["model"]["unk_id"]) == VOCAB[0][0]


def test_a_name_has_its_own_frequency_or_a_tenth_of_the_english_one(tokenizer: Tokenizer) -> None:
    names = [
        Form(lang, word, 0.0, ("city",), named=True)
        for lang, word in (("sv", "stad"), ("th", "เมือง"), ("de", "rare"))
    ]
    frequencies = {"en": {"city": 1e-4, "rare": 1e-6}, "sv": {"stad": 3e-5}}
    found = {
        (form.lang, form.word): form.frequency for form in with_frequencies(tokenizer, names, frequencies)
    }
    assert found == {("en", "city"): 1e-4, ("sv", "stad"): 3e-5, ("th", "เมือง"): 1e-5, ("de", "rare"): 1e-5}
    frequencies["de"] = {"rare": 1e-7}  # more frequent in English: it stays what it is there
    assert not any(form.lang == "de" for form in with_frequencies(tokenizer, names, frequencies))


def test_a_name_that_is_a_word_as_well_means_the_word_first(tokenizer: Tokenizer) -> None:
    name = Form("ru", "роза", 1.0, ("rosa",), named=True)
    word = Form("ru", "роза", 1e-6, ("rose",))
    assert tokens_of(tokenizer, [name, word])["▁роза"] == [word, name]


def test_words_of_languages_without_data_displace_no_others(tokenizer: Tokenizer) -> None:
    forms = [Form("hr", word, 1e-4, ("is",)) for word in ("bank", "je", "jest")]
    forms.append(Form("sv", "bank", 1e-4, ("bank",)))
    left = of_other_languages(forms, tokenizer, {"fr": {"je": 1e-2}})
    assert [(form.lang, form.word) for form in left] == [("hr", "jest"), ("sv", "bank")]


def test_what_words_of_one_meaning_begin_with_means_the_same(
    encoder: StaticEncoder, tokenizer: Tokenizer
) -> None:
    forms = [Form("ru", word, 1e-5, ("city",)) for word in ("причина", "причины", "король", "короне")]
    forms.append(Form("ru", "коровы", 1e-5, ("river",)))
    tokens = tokens_of(tokenizer, forms)
    frequencies = {key: {} for key in STEMMED} | {"ru": {"причинах": 2e-6, "причем": 1.0, "коробке": 1.0}}
    found = dict(stems(tokens, (), frequencies, encoder))
    assert list(found) == ["▁причин"]
    assert found["▁причин"].frequency == pytest.approx(2e-6)
    assert found["▁причин"].glosses == ("city",)


def test_a_token_of_a_rare_word_is_of_its_language_and_of_no_other(tokenizer: Tokenizer) -> None:
    names = ("el", "en", "pl")
    size = len(VOCAB)
    languages = Languages(
        names, np.zeros((1, 2), np.uint8), np.zeros(size, np.uint16), LEVELS, 1 / 16,
        np.zeros((3, 1), np.uint32), np.zeros(size, np.uint8),
    )  # fmt: skip
    forms = [Form("el", "βοιτίλα", 1e-9, ("bank",), named=True), Form("sw", "maji", 1e-4, ("river",))]
    tokens = tokens_of(tokenizer, forms)
    new = extend(tokenizer, dict.fromkeys(tokens, 1e-06))
    below, _, _ = languages_of(languages, tokenizer, new, tokens, {"el": {}, "pl": {}})
    assert below[new.token_to_id("▁βοιτιλα")].tolist() == pytest.approx([0, np.log(20), np.log(20)])
    assert below[new.token_to_id("▁maji")].tolist() == [OF_NONE] * 3  # of a language that is not in the table
    assert min(np.log(20), OF_NONE) > SHARED


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
            {"▁مدينه": [form], "▁سمو": [Form("ar", "سمو", 1e-4, ("highness",))]},
            {"▁ومدينه"},
            {"ar": {"بالمدينه": 2e-6, "كمدينه": 1e-6, "ومدينه": 1.0, "لمدن": 1.0, "وسمو": 5e-6}, "he": {}},
        )
    )  # three letters stand in many names: not unless they are frequent
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


def test_a_new_token_takes_the_place_of_its_pieces_and_no_other_word_is_cut_anew(
    encoder: StaticEncoder, tokenizer: Tokenizer
) -> None:
    none = np.zeros(len(VOCAB), np.bool_)
    tokens = tokens_of(
        tokenizer, [Form("sv", "kitsch", 0.5, ("city",)), Form("sv", "kitö", 1e-9, ("river",))]
    )
    new, names = extended(tokenizer, none, tokens)
    assert set(names) == {"▁kitsch", "▁kitö"}
    assert new.encode("kitsch kitö", add_special_tokens=False).tokens == ["▁kitsch", "▁kitö"]
    scores = dict(json.loads(new.to_str())["model"]["vocab"])
    assert scores["▁kitsch"] == pytest.approx(-3.0 - 3.0 + glosses.BONUS)  # however frequent it is


def test_a_new_token_that_stands_in_parts_of_names_is_left_out(tokenizer: Tokenizer, tmp_path: Path) -> None:
    (tmp_path / "names").mkdir()
    names = pd.DataFrame(
        {"en": ["kitsch", "kitö", "kitöbank"] * 2, "text": ["город"] * 6, "source": "wikidata-names"}
    )
    names.to_parquet(tmp_path / "names" / "ru.parquet")
    tokens = tokens_of(tokenizer, [Form("sv", word, 1e-5, ("city",)) for word in ("kitsch", "kitö")])
    new, chosen = extended(tokenizer, np.zeros(len(VOCAB), np.bool_), tokens)
    assert cut_apart(new, chosen, tmp_path) == {"▁kitö"}
