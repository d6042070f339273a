"""Behaviour of qa.text in many languages, and properties that hold for any text."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.text import fold, is_terminal, script, sentences, unwrap, unwrapped, weight, word_spans, words

PIECES = [
    *("。", "！？", "……", "「", "」", "，", "；", "“", "”", ".", "...", "?", "!", ";", '"', ")", "[3]", "|"),
    *("।", "؟", "۔", "።", "\n", "\r\n", "\n\n", " ", "\u00a0", "\u3000", "\x00", "\x1c", "\t", "\u200d"),
    *("7.6%", "1,000", "3.5亿", "百分之七点六", "5 лет", "12,34,567", "U.S.", "Dr. ", "z. B. ", "т. е. "),
    *("浙江省", "臺灣", "です", "コーヒー", "ｶﾞ", "대한민국", "السُّلْطَة", "שָׁלוֹם", 'צה"ל', "हिन्दी", "กำลังเรียน"),
    *("ខ្មែរ", "мир", "straße", "é", "e\u0301", "ệ", "don't", "👨‍👩‍👧", "🇨🇳", "می‌خواهم", "x" * 30),
]
anything = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(st.characters(exclude_categories=["Cs"]), max_size=4)),
    max_size=40,
).map("".join)


def split(text: str) -> list[str]:
    return [span.of(text) for span in sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        # zh
        [
            "生产总值增长7.6%，居全省44个工业大县前列。",
            "发放贷款2.3亿元！",
            "真的吗？！",
            "“你好。”",
            "他说……不知道。",
        ],
        ["青来集景观。", "(记者胡安华采访整理)"],
        # zh-Hant
        ["他說：「今天很好。」", "臺灣的經濟成長3.5%。", "是嗎？"],
        # ja
        ["彼は「行く。」と言った。", "そして帰った！", "本当か?", "はい。"],
        # ko
        ['그는 "간다."라고 말했다.', "3.5억 원을 받았다.", "좋아요!"],
        # ar
        ["قال د. محمد إن السعر 7.6٪.", "هل هذا صحيح؟", "نعم."],
        # he
        ["שלום לכם.", "האם זה נכון?", 'ד"ר כהן בא.'],
        # hi
        ["यह सच है।", "डॉ. सिंह आए।", "क्या हुआ?", "एम. एस. धोनी खेले."],
        # ru
        ["К. Л. Оганесян, т. е. он, жил в 1990 г. на ул. Ленина и т. д.", "Это 3,5 млн руб. за год.", "Да!"],
        # de
        [
            "Am 3. Oktober kam z. B. Herr Prof. Dr. Müller usw. nach Berlin.",
            "„Nein.“",
            "Das kostet ca. 3,5 Mio. Euro.",
        ],
        # fr
        ["M. Dupont a dit : « Bonjour. »", "Est-ce vrai ?", "Oui !"],
        # es
        ["El Sr. García nació en 1990.", "¿Qué pasó?", "¡Nada!"],
        # vi
        ["TS. Lê đến TP. Hồ Chí Minh.", "Đúng không?", "Giá là 1.000 đồng."],
        # en
        [
            "Dr. Li lives in the U.S. and pays $7.6 million.",
            'He asked "Why?" and left.',
            "The U.S. Army won at 5 p.m.",
        ],
        ["See Fig. 3.", "No. 5 is alive.", "I said no.", "Then left.[4][5]", "Node.js v3.10 is out."],
        ["1. First item.", "2. Second item."],
        ["Elizabeth II was there...", "Wait... what?", "Yes."],
        # el, hy, am, my, ur
        ["Τι είναι αυτό;", "Δεν ξέρω."],
        ["Բարեւ։", "ሰላም ነው።", "ဟုတ်တယ်။", "یہ سچ ہے۔"],
    ],
)
def test_sentences_end_where_a_reader_ends_them(expected: list[str]) -> None:
    assert split(" ".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["He said: “It is done. We go home.”", "Then he left.", "All was quiet."],
        ["他说：“今天好。明天呢？走吧。”", "然后走了。"],
        ["他說：「今天好。『真的？是。』走吧。」", "走了。"],
        ["彼は「行く。帰る！」と言った。", "次の日は雨。"],
        ['그는 "간다. 온다."라고 말했다.', "다음 날이었다."],
        ["قال: «لا أعرف. سأذهب.»", "ثم ذهب إلى البيت."],
        ["उसने कहा: “यह सच है। मैं जाता हूँ।”", "फिर वह गया।"],
        ["Он сказал: «Нет. Я ушёл».", "Потом было тихо."],
        ["Er sagte: „Nein. Ich gehe.“", "Dann ging er."],
        ["Er rief: »Nein. Halt!«", "Dann ging er weiter."],
        ["Il dit : « Non. Je pars. »", "Puis il partit."],
        ["Hon sa: ”Nej. Jag går.”", "Sedan gick hon."],
        ['"It is. We go home," he said.', '"Yes."', "He left."],
        ["He said ‘It’s done. We go.’", "Then he left."],
        ['The pipe is 5" wide.', 'It is 6" long.', "Yes."],
        ["A “word is open.", "Nothing closes it.", "So it is."],
    ],
)
def test_a_quotation_is_not_parted(expected: list[str]) -> None:
    assert split(" ".join(expected)) == expected


def test_a_long_quotation_is_a_text_of_its_own() -> None:
    short, long = "He came. " * 30, "He came. " * 40
    assert split(f"“{short.strip()}”") == [f"“{short.strip()}”"]
    assert len(split(f"“{long.strip()}”")) == 40
    assert len(split(f"“{'他来了。' * 30}”")) == 1
    assert len(split(f"“{'他来了。' * 40}”")) == 40


def test_chinese_sentences_need_no_space() -> None:
    assert split("今天好。“明天？”他问！完了……但是") == ["今天好。", "“明天？”", "他问！", "完了……但是"]


def test_line_break_and_blank_line_do_not_end_a_sentence() -> None:
    assert split("覆盖33平方公里的“两\n\n山”未来科技城。\n下一句。") == [
        "覆盖33平方公里的“两\n\n山”未来科技城。",
        "下一句。",
    ]
    assert split("The price of the\nhouse rose.\n\nNext") == ["The price of the\nhouse rose.", "Next"]


def test_semicolon_ends_only_a_long_sentence() -> None:
    assert split("一个；两个。") == ["一个；两个。"]
    clause = "坚持" * 31
    assert split(f"{clause}；下一步。") == [f"{clause}；", "下一步。"]


def test_thai_is_split_at_spaces_when_long_only() -> None:
    clause = "ความรู้สึกเรียบหรูในแบบฉบับโมเดิร์น"
    assert split(f"{clause} {clause}") == [f"{clause} {clause}"]
    text = f"{clause} {clause} {clause} {clause} ใน พ.ศ. 2500"
    assert split(text) == [f"{clause} {clause} {clause}", f"{clause} ใน พ.ศ. 2500"]


@pytest.mark.parametrize(
    "text", ["他来了。", "完了……", "終わり。」", "the end.”", "is it?", "end.[3] ", "है।", "نعم؟", "끝났다."]
)
def test_finished_text_is_terminal(text: str) -> None:
    assert is_terminal(text)


@pytest.mark.parametrize(
    "text", ["", " ", "他来了：", "的“两", "一是；", "Dr.", "1.", "No", "К.", "z. B.", "7.6"]
)
def test_unfinished_text_is_not_terminal(text: str) -> None:
    assert not is_terminal(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("臺灣電腦", "台湾电脑"),
        ("沢田の図書", "泽田の图书"),
        ("芸", "芸"),
        ("ＡＢＣ　１２３", "abc 123"),
        ("ｶﾞｷﾞｸﾞ", "ガギグ"),
        ("か\u3099", "が"),
        ("Café STRASSE Straße ŁÓDŹ", "cafe strasse strasse lodz"),
        ("İstanbul ISPARTA ısparta", "istanbul isparta isparta"),
        ("Đà Nẵng", "da nang"),
        ("السُّلْطَةُ الأولى", "السلطه الاولي"),
        ("كــتاب ۱۲٫۵", "كتاب 12.5"),
        ("שָׁלוֹם", "שלום"),
        ("हिन्दी ७.६", "हिन्दी 7.6"),
        ("กำ", "กํา"),
        ("Ёлка", "елка"),
        ("대한민국", "대한민국"),
        ("ΑΘΗΝΆΣ", "αθηνασ"),
    ],
)
def test_fold_makes_ways_of_writing_equal(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("浙江省", ["浙", "浙江", "江", "江省", "省"]),
        ("增長7.6%", ["增", "增长", "长", "7.6"]),
        ("食べる", ["食", "食べ", "べる"]),
        ("コーヒー", ["コー", "ーヒ", "ヒー", "コーヒー"]),
        ("대한민국 IT산업", ["대", "대한", "한", "한민", "민", "민국", "국", "it", "산", "산업", "업"]),
        ("አማርኛ", ["አ", "አማ", "ማ", "ማር", "ር", "ርኛ", "ኛ"]),
        ("กินข้าว", ["กิ", "กิน", "น", "นข้า", "ข้า", "ข้าว", "ว"]),
        ("the 1,000 cats’ 1 234", ["the", "1000", "cats", "1", "234"]),
        ("1.000 am 15.07.2024", ["1.000", "1000", "am", "15", "7", "2024"]),
        ("السُّلْطَة ١٬٠٠٠", ["السلطه", "سلطه", "1000"]),
        ("हिन्दी में", ["हिन्दी", "हिन्", "में"]),
        ("l'été COVID-19 H200 3G", ["l", "ete", "covid", "19", "h200", "3", "g"]),
        ("Việt Nam", ["viet", "nam"]),
        ("Häuser Россия Москвы", ["hauser", "hause", "россия", "росси", "москвы", "москв"]),
        ("Wasserstraße", ["wasserst", "wasse", "-rasse"]),
        ("представительство", ["представ", "предс"]),
        ("הממשלה בבית", ["הממשלה", "משלה", "בבית", "בית"]),
    ],
)
def test_words_are_the_folded_terms_of_a_search(text: str, terms: list[str]) -> None:
    assert words(text) == terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("浙江的經濟", "浙江省经济"),  # zh
        ("食べた物", "食べる"),  # ja
        ("대한민국에서는", "대한민국"),  # ko
        ("والمكتبة", "المكتبات"),  # ar
        ("किताबें", "किताबों"),  # hi
        ("ภาษาไทยกลาง", "เรียนภาษาไทย"),  # th
        ("населением", "населения"),  # ru
        ("Wasserstraßen", "Wasserstraße"),  # de
        ("Landwirtschaftsministerium", "Verteidigungsministerium"),  # de
        ("inventions", "invented"),  # en
        ("kütüphanelerimizde", "kütüphaneye"),  # tr
        ("የኢትዮጵያ", "ኢትዮጵያውያን"),  # am
    ],
)
def test_forms_of_a_word_share_terms(one: str, other: str) -> None:
    assert set(words(one)) & set(words(other))


@pytest.mark.parametrize(
    "word",
    [
        *("什么", "哪里", "多少", "為什麼", "何年", "どこ", "いつ", "누구", "언제", "متى", "أين", "किस", "कितने", "አማን"),
        *("อะไร", "ใคร", "сколько", "какой", "welcher", "wann", "who", "Where", "quels", "nerede", "milloin"),
    ],
)  # fmt: skip
def test_words_that_ask_weigh_little(word: str) -> None:
    assert weight(fold(word)) < 0.5


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("浙江", 1),
        ("東", 1),
        ("コーヒー", 1),
        ("민국", 1),
        ("القا", 1),
        ("القاهره", 0.5),
        ("हिन्", 1),
        ("हिन्दी", 0.5),
        ("ข้าว", 1),
        ("росси", 1),
        ("россия", 0.5),
        ("wasse", 1),
        ("wasserst", 0.5),
        ("-rasse", 0.5),
        ("paris", 1),
        ("1000", 1),
    ],
)
def test_a_form_of_a_word_weighs_half_of_its_stem(term: str, expected: float) -> None:
    assert weight(term) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("增長7.6%，", ["增", "長", "7.6%"]),
        ("これはコーヒー", ["これは", "コーヒー"]),
        ("대한민국은", ["대한민국은"]),
        ("l'été don't 100km", ["l'été", "don't", "100km"]),
        ('צה"ל אמר', ['צה"ל', "אמר"]),
        ("กำลังเรียน", ["กำ", "ลั", "ง", "เรี", "ย", "น"]),
        ("ខ្មែរ", ["ខ្មែ", "រ"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("हिन्दी ७.६", ["हिन्दी", "७.६"]),
        ("naïve nai\u0308ve", ["naïve", "nai\u0308ve"]),
    ],
)
def test_word_spans_keep_words_numbers_and_clusters_whole(text: str, expected: list[str]) -> None:
    assert [span.of(text) for span in word_spans(text)] == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("浙江省7.6%", "han"),
        ("食べる物を買う", "kana"),
        ("한국어 문장", "hangul"),
        ("السلام", "arabic"),
        ("שלום", "hebrew"),
        ("हिन्दी", "devanagari"),
        ("ภาษาไทย", "thai"),
        ("мир и war", "cyrillic"),
        ("Größe é", "latin"),
        ("Αθήνα", "greek"),
        ("አማርኛ", "ethiopic"),
        ("7.6 %", "other"),
        ("", "other"),
    ],
)
def test_script_is_the_dominant_one(text: str, name: str) -> None:
    assert script(text) == name


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("的“两\n\n山”未来\n科技城", "的“两山”未来科技城"),
        ("说：\n“你好", "说：“你好"),
        ("coffee in\n  the\tmorning ", "coffee in the morning"),
        ("informa-\ntion and Vor-\nund Nach\u00adteile", "information and Vor- und Nachteile"),
        ("North-\nSouth", "North- South"),
        ("กำลัง\nเรียน", "กำลังเรียน"),
        ("대한\n민국", "대한 민국"),
        ("हिन्दी\nमें", "हिन्दी में"),
        ("PyTorch\n框架", "PyTorch 框架"),
        ("\n \n", ""),
    ],
)
def test_unwrap_joins_hard_line_breaks(text: str, line: str) -> None:
    assert unwrap(text) == line


@given(st.one_of(st.text(), st.text(alphabet="ab -\u00ad\n\r 中，")))
def test_what_is_unwrapped_tells_where_each_character_stood(text: str) -> None:
    line, places = unwrapped(text)
    assert line == unwrap(text)
    assert len(places) == len(line)
    assert all(text[place] == char for place, char in zip(places, line, strict=True) if char != " ")
    assert places == sorted(places)


@given(anything)
@settings(max_examples=300, deadline=None)
def test_sentences_cover_every_character_that_is_no_space(text: str) -> None:
    spans = sentences(text)
    end = 0
    for span in spans:
        assert end <= span.start < span.end <= len(text)
        assert not text[end : span.start].strip()
        assert span.of(text) == span.of(text).strip()
        end = span.end
    assert not text[end:].strip()


@given(anything)
@settings(max_examples=300, deadline=None)
def test_sentences_cut_no_number_and_no_cluster(text: str) -> None:
    borders = {place for span in sentences(text) for place in (span.start, span.end)}
    whole = regex.finditer(r"[0-9]+[.,][0-9]+|(?!\s)\X", text)
    assert not [found for found in whole if borders & set(range(found.start() + 1, found.end()))]


@given(anything)
@settings(max_examples=300, deadline=None)
def test_word_spans_are_ordered_disjoint_and_whole(text: str) -> None:
    spans = word_spans(text)
    assert all(span.start < span.end <= len(text) for span in spans)
    assert all(left.end <= right.start for left, right in pairwise(spans))
    covered = {place for span in spans for place in range(span.start, span.end)}
    assert all(place in covered for place, character in enumerate(text) if character.isalpha())
    borders = {place for span in spans for place in (span.start, span.end)}
    latin = regex.finditer(r"[A-Za-zÀ-ÖØ-öø-ÿ]+|[0-9]+(?:[.,][0-9]+)?", text)
    assert not [found for found in latin if borders & set(range(found.start() + 1, found.end()))]


@given(anything)
@settings(max_examples=300, deadline=None)
def test_any_text_is_folded_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert all(term and term == fold(term) for term in words(text))
    assert all(0 < weight(term) <= 1 for term in words(text))
    assert "".join(unwrap(text).split()) == "".join(unwrap(unwrap(text)).split())
    assert isinstance(is_terminal(text), bool)
    assert script(text)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        " ",
        ".",
        ". ",
        "1",
        "1,",
        "一",
        "。",
        "»",
        " '' ",
        '"',
        "\u0301",
        "\u200d",
        "ก",
        "ก ",
        "7.6 ",
        "-\n",
        "百",
        "\x00",
        "“",
        "“a. ",
        "“a. B.” ",
        "‘a’s. ",
        '"a. ',
        "»a. ",
        "「。",
    ],
)
def test_a_long_line_takes_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    start = time.process_time()
    for function in (sentences, words, word_spans, unwrap, is_terminal, script):
        function(text)
    assert time.process_time() - start < 5
