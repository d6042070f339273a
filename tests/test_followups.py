"""What shows that a question leans on the one before it, in many languages."""

from __future__ import annotations

import pytest

from qa.followups import PHRASES, language, read_cues, same_preposition


@pytest.mark.parametrize(
    ("question", "lang", "fragment"),
    [
        ("那汤阴呢？", "zh", "汤阴"),
        ("那麼湯陰呢？", "zh", "湯陰"),
        ("では鹿児島は？", "ja", "鹿児島"),
        ("山陽新幹線はどうですか。", "ja", "山陽新幹線"),
        ("그럼 수서고속선은?", "ko", "수서고속선"),
        ("강릉선은요?", "ko", "강릉선"),
        ("And in 2023?", "en", "in 2023"),
        ("What about the Suez Canal?", "en", "the Suez Canal"),
        ("Und für Studierende?", "de", "für Studierende"),
        ("Et pour les étudiants ?", "fr", "pour les étudiants"),
        ("¿Y el del Pertús?", "es", "el del Pertús"),
        ("E do Solimões?", "pt", "do Solimões"),
        ("А Амурский?", "ru", "Амурский"),
        ("والصين؟", "ar", "الصين"),
        ("ماذا عن السويس؟", "ar", "السويس"),
        ("ומה עם ירדן?", "he", "ירדן"),
        ("और गुवाहाटी?", "hi", "गुवाहाटी"),
        ("Còn cà phê muối thì sao?", "vi", "cà phê muối"),
        ("แล้วสถานีหัวหินล่ะ", "th", "สถานีหัวหิน"),
        ("Peki Trabzon?", "tr", "Trabzon"),
    ],
)
def test_what_goes_on_with_the_question_before_is_a_fragment(question: str, lang: str, fragment: str) -> None:
    assert language(question) == lang
    cues = read_cues(question, lang)
    assert cues.opens or cues.closes
    assert cues.fragment == fragment
    assert not cues.asks


@pytest.mark.parametrize(
    ("question", "lang", "asks"),
    [
        ("在哪里？", "zh", "哪里"),
        ("什麼時候？", "zh", "什麼時候"),
        ("いつですか。", "ja", "いつ"),
        ("어디에서요?", "ko", "어디에서요"),
        ("For how long?", "en", "For how long"),
        ("Von wann bis wann?", "de", "Von wann bis wann"),
        ("Et où ça ?", "fr", "où"),
        ("¿Y cuándo?", "es", "cuándo"),
        ("E quando?", "pt", "quando"),
        ("А когда?", "ru", "когда"),
        ("ومتى؟", "ar", "متى"),
        ("מתי?", "he", "מתי"),
        ("कब?", "hi", "कब"),
        ("Khi nào?", "vi", "Khi nào"),
        ("เมื่อไร", "th", "เมื่อไร"),
        ("Nerede?", "tr", "Nerede"),
    ],
)
def test_a_question_word_alone_leaves_nothing_to_look_for(question: str, lang: str, asks: str) -> None:
    cues = read_cues(question, language(question))
    assert cues.lang == lang
    assert cues.asks[0].of(question) == asks
    assert cues.content == ()


@pytest.mark.parametrize(
    "question",
    [
        "它的县委书记是谁？",
        "她哪一年到巴黎？",
        "それはいつ起きましたか。",
        "그는 언제 태어났나요?",
        "How deep is it?",
        "Wer hat es überreicht?",
        "Combien de personnes y travaillaient ?",
        "¿Y quién lo recorrió a pie?",
        "Para que serve a língua dele?",
        "А кто его построил?",
        "كم كان راتبه؟",
        "ומה עומקו?",
        "वह कब बना?",
        "Quán của ông ấy ở đâu?",
        "เขาเกิดที่ไหน",
        "O tohumları nereden getirtti?",
    ],
)
def test_words_that_stand_for_something_named_before_are_seen(question: str) -> None:
    assert read_cues(question, language(question)).points


@pytest.mark.parametrize(
    "question",
    [
        "安吉县上半年地区生产总值增长多少？",
        "千利休はどこで生まれましたか。",
        "세종은 언제 태어났나요?",
        "How long is the Panama Canal?",
        "Wo steht die alte Uhr?",
        "Où repose Marie Curie ?",
        "¿Dónde nace el Amazonas?",
        "Quem levou as sementes?",
        "Какова длина Транссиба?",
        "أين وُلد ابن بطوطة؟",
        "दार्जिलिंग में चाय किसने लगाई?",
        "Ai sáng lập Trung Nguyên?",
        "สถานีหัวลำโพงเปิดใช้เมื่อไร",
        "İlk fabrika nerede açıldı?",
    ],
)
def test_a_question_of_its_own_shows_none_of_it(question: str) -> None:
    cues = read_cues(question, language(question))
    assert (cues.opens, cues.closes, cues.points) == (False, False, False)
    assert cues.asks
    assert cues.content


def test_a_longer_word_is_no_opener() -> None:
    assert not read_cues("那里的云台建成于哪一年？", "zh").opens  # there, not: and
    assert not read_cues("Ella nació en Lima?", "es").opens
    assert not read_cues("Anders als sonst?", "de").opens


def test_languages_of_one_script_are_told_by_their_small_words() -> None:
    assert language("Und wo?") == "de"
    assert language("Trujillo?", "¿Cuándo llegó la línea a Málaga?") == "es"  # by the question before
    assert language("¿Y a Málaga?") == "es"


def test_places_are_those_of_the_text_as_it_was_typed() -> None:
    question = "①  And in ２０２４ — for STRAẞE?"  # folding makes two letters of one, and one of two
    cues = read_cues(question, "en")
    assert [span.of(question) for span in cues.content] == ["①", "２０２４", "STRAẞE"]


def test_forms_of_one_preposition_are_the_same() -> None:
    assert same_preposition("de", "del", "es")
    assert same_preposition("Im", "in", "de")
    assert not same_preposition("am", "in", "de")


@pytest.mark.parametrize("lang", PHRASES)
def test_every_language_has_openers_and_question_words(lang: str) -> None:
    phrases = PHRASES[lang]
    assert phrases.openers
    assert phrases.asks
    assert phrases.points
    for field in (phrases.openers, phrases.asks, phrases.points, phrases.fillers):
        entries = field.split(",")
        assert all(entry == entry.strip() and entry for entry in entries)
        assert len(entries) == len(set(entries)), field


@pytest.mark.parametrize("question", ["", "???", "و", "那", "Y", "呢", " ", "12", "\ud800?", "the the the"])
def test_odd_questions_are_read_without_error(question: str) -> None:
    lang = language(question)
    for span in read_cues(question, lang).content:
        assert span.of(question)
