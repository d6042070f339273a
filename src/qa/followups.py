"""How a question leans on the one before it: the words that show it, by language, and where they stand.

Words are compared folded, so that simplified and traditional Chinese, accents and case need no second entry.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import regex

from qa.text import fold, script
from qa.types import Span


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's words, separated by commas.

    ``openers`` begin and ``closers`` end a question that goes on with the one before ("what about …", …呢);
    ``points`` stand for something named before; ``asks`` are question words; ``prepositions``, with their other forms
    beside them, ``articles`` and ``fillers`` say nothing by themselves.
    """

    openers: str
    asks: str
    points: str = ""
    closers: str = ""
    prepositions: str = ""
    articles: str = ""
    fillers: str = ""


PHRASES: dict[str, Phrases] = {
    "zh": Phrases(
        openers="那么,那,还有,另外,至于,而,再问一下",
        closers="怎么样呢,怎么样,又如何,如何呢,的呢,呢",
        points="它们,他们,她们,它,他,她,其中,这里,这个,这些,这,那里,那儿,那个,那些,那时,当时,同年,前者,后者",
        asks="什么时候,为什么,什么,哪一年,哪一天,哪年,哪天,哪里,哪儿,哪个,哪些,哪几个,哪几,哪位,哪,谁,多少钱,多少,多大,多长,多高,"
        "多远,多久,多深,多重,多宽,多快,多热,第几,几,怎么办,怎么,怎样,如何,何时,何地,何,几时,吗",
        prepositions="在,从,到,对",
        fillers="的,了,是,有,要,用,能,可以,应该,该,会,被,把,和,与,及,一共,总共,一次,请问,跟,一起,啊,吧",
    ),
    "ja": Phrases(
        openers="それでは,では,じゃあ,じゃ,それなら,そして,ちなみに,あと",
        closers="についてはどうですか,の場合はどうですか,はどうでしょうか,はどうですか,はどう,の場合は,のほうは,の方は,は,についても,も同じですか",
        points="それら,それ,そこ,その,これ,ここ,この,あの,あれ,彼女,彼ら,彼,同じ年,当時,前者,後者",
        asks="いつ,どこ,だれ,誰,なぜ,どうして,どのくらい,どれくらい,どこで,どこに,どの,どれ,どんな,どう,いくら,いくつ,何年,何月,何日分,何日,何人,何番,何度,何時間,"
        "何時,何本,何個,何キロ,何メートル,何歳,何パーセント,何,ですか,ますか,ましたか,でしょうか",
        fillers="ください,ことですか,こと,もの,です,ます,ました,でした,いました,は,が,を,の,に,で,と,も,へ,から,まで,より",
    ),
    "ko": Phrases(
        openers="그러면,그럼,그리고,그렇다면,또",
        closers="은 어떤가요,는 어떤가요,은 어때요,는 어때요,은요,는요,은,는",
        points="그것,그곳,거기,그녀,그들,그의,그는,그가,그를,그,이것,이곳,여기,당시,그때,전자,후자",
        asks="언제,어디,누가,누구,무엇,무슨,뭐,왜,어떻게,어떤,어느,얼마나,얼마,몇 년,몇 시,몇",
        fillers="은,는,이,가,을,를,의,에,에서,와,과,도,로,으로,부터,까지,인가요,했나요,하나요,되었나요,있나요,입니까,이다",
    ),
    "en": Phrases(
        openers="and what about,and how about,what about,how about,and,but,so,then,also,or",
        closers="as well,too,then,instead",
        points="it,its,he,him,his,she,her,hers,they,them,their,theirs,there,this,that,these,those,one,ones,that year,"
        "the former,the latter,the same,such",
        asks="in what year,in which year,in which city,what year,which year,at what time,what time,for how long,since when,from when,until when,when,where,who,whom,whose,why,which,what,how many,how much,how long,"
        "how far,how high,how tall,how old,how big,how deep,how wide,how fast,how often,how heavy,how hot,how large,how soon,how",
        prepositions="of,in,on,at,to,for,from,by,with,about,as,into,under,during,between",
        articles="a,an,the",
        fillers="and,or,is,are,was,were,be,been,did,do,does,has,have,had,can,could,should,may,must,will,would,i,"
        "you,we,my,your,me,us,if,not,than",
    ),
    "de": Phrases(
        openers="und was ist mit,was ist mit,und wie ist es mit,wie ist es mit,wie sieht es mit,und wie sieht es mit,und,aber,dann,also,"
        "oder",
        closers="aus,auch,denn",
        points="er,sie,es,ihn,ihm,ihr,ihre,ihren,ihrem,ihrer,ihres,sein,seine,seinen,seinem,seiner,seines,dort,da,dahin,damals,dieser,diese,"
        "dieses,diesem,diesen,derjenige,dessen,deren,darin,davon,damit,dafür,dazu,jener,jene,jenes,letzterer,beide",
        asks="in welchem jahr,in welcher stadt,um wie viel uhr,von wann bis wann,seit wann,bis wann,ab wann,wann,wo,wohin,woher,wer,wen,wem,wessen,warum,wieso,weshalb,welcher,welche,"
        "welches,welchen,welchem,was,wie viele,wie viel,wieviel,wie lange,wie lang,wie hoch,wie groß,wie weit,wie tief,wie alt,"
        "wie schnell,wie oft,wie breit,wie schwer,wie,womit,wofür,woran,worauf,woraus,worin,wodurch,wozu",
        prepositions="in im,am an,auf,für,von vom,zu zum zur,bei beim,mit,nach,aus,um,über,vor,als,durch,zwischen",
        articles="der,die,das,den,dem,des,ein,eine,einen,einem,einer",
        fillers="und,oder,ist,sind,war,waren,wurde,wurden,wird,werden,hat,haben,hatte,hatten,kann,darf,muss,soll,"
        "ich,man,mir,wir,nicht,heißt,gibt",
    ),
    "fr": Phrases(
        openers="et qu'en est-il,qu'en est-il,et,mais,alors,puis",
        closers="aussi,alors",
        points="il,elle,ils,elles,lui,leur,leurs,son,sa,ses,y,cela,ça,ce,cet,cette,ces,celui,celle,ceux,celles,là,celui-ci,celle-ci",
        asks="en quelle année,à quelle heure,dans quelle ville,depuis quand,jusqu'à quand,jusqu'à quelle,quand,où,qui,que,qu,quoi,quel,quelle,quels,quelles,pourquoi,comment,"
        "combien de temps,combien,lequel,laquelle,est-ce que",
        prepositions="de du des d,à au aux,en,dans,sur,sous,pour,par,avec,entre,pendant",
        articles="le,la,les,l,un,une",
        fillers="et,ou,est,sont,était,étaient,fut,furent,a,a-t-il,a-t-elle,ont,avait,avait-il,était-il,est-il,"
        "est-elle,se,s,sont-ils,peut,faut,ne,pas,n,je,on,nous,vous",
    ),
    "es": Phrases(
        openers="y qué pasa con,qué pasa con,y qué hay de,qué hay de,y,e,pero,entonces",
        closers="también",
        points="él,ella,ellos,ellas,ello,lo,le,les,su,sus,allí,ahí,este,esta,estos,estas,ese,esa,esos,esas,eso,esto,aquel,aquella,"
        "el de,la de,los de,las de,dicho,dicha",
        asks="en qué año,a qué hora,en qué ciudad,desde cuándo,hasta cuándo,cuándo,dónde,adónde,quién,quiénes,por qué,qué,cuál,cuáles,cómo,cuánto tiempo,cuánto,cuánta,"
        "cuántos,cuántas,cuando,donde,quien,cuanto,que",
        prepositions="de del,a al,en,con,por,para,entre,sobre,desde,hasta",
        articles="el,la,los,las,un,una,unos,unas",
        fillers="y,e,o,es,son,era,fue,fueron,ser,está,están,ha,han,se,me,no,hay,puede",
    ),
    "pt": Phrases(
        openers="e quanto a,quanto a,e,mas,então",
        closers="também",
        points="ele,ela,eles,elas,dele,dela,deles,delas,nele,nela,lhe,seu,sua,seus,suas,lá,ali,este,esta,esse,essa,isso,isto,aquele,aquela",
        asks="em que ano,a que horas,em que cidade,desde quando,até quando,quando,onde,aonde,quem,por que,porque,o que,que,qual,quais,como,quanto tempo,quanto,quanta,quantos,"
        "quantas",
        prepositions="de do da dos das,em no na nos nas,a ao à aos às,com,por pelo pela,para",
        articles="o,os,as,um,uma",
        fillers="e,ou,é,são,foi,foram,era,ser,está,tem,se,não",
    ),
    "ru": Phrases(
        openers="а как насчёт,как насчёт,а что насчёт,а что с,а,и,но,тогда,или,ну а",
        closers="тоже,тогда",
        points="он,она,оно,они,его,её,их,ему,ей,им,ним,ней,нём,нему,неё,него,них,там,туда,тогда,этот,эта,это,эти,этого,этой,этом,этих,"
        "тот,та,те,того,той,такой,свой",
        asks="в каком году,в каком городе,во сколько,с какого года,до какого года,с каких пор,когда,где,куда,откуда,кто,кого,кому,кем,чей,почему,зачем,что,чего,чем,"
        "какой,какая,какое,какие,какую,каков,какова,какого,каком,какими,как,сколько,который,которая,на чём,из чего",
        prepositions="в во,на,с со,из,к ко,о об,у,за,от,до,по,для,при,через,между",
        fillers="и,или,был,была,было,были,есть,ли,не,можно,нужно",
    ),
    "ar": Phrases(
        openers="وماذا عن,ماذا عن,فماذا عن,وما هو حال,أما,ثم",
        closers="أيضا",
        points="هو,هي,هم,هما,هناك,هنا,هذا,هذه,ذلك,تلك,منه,منها,فيه,فيها,عنه,عنها,به,بها,له,لها",
        asks="في أي سنة,في أي عام,في أي مدينة,منذ متى,إلى متى,حتى متى,متى,أين,من أين,إلى أين,من هو,من هي,من,لماذا,بماذا,ماذا,ما هو,ما هي,ما,كم,كيف,هل,أي,بأي,في أي,ممّ,على من",
        prepositions="في,على,إلى,عن,مع,بين",
        fillers="التي,الذي,كان,كانت,قد,أن,إن,سنة,عام",
    ),
    "he": Phrases(
        openers="ומה עם,מה עם,ומה לגבי,אז,אבל",
        points="הוא,היא,הם,הן,שם,זה,זו,זאת,אלה,שלו,שלה,בו,בה,אותו,אותה",
        asks="באיזו שנה,באיזה מקום,מתי,איפה,היכן,לאן,מי,למה,מדוע,מה,איזה,איזו,באיזו,באיזה,כמה,איך,כיצד,האם",
        prepositions="על,אל,עם,בין",
        fillers="של,את,היה,הייתה,אשר,כי",
    ),
    "hi": Phrases(
        openers="और,तो,फिर,लेकिन,या",
        closers="का क्या,की क्या,के बारे में",
        points="वह,वे,यह,ये,उस,उसका,उसकी,उसके,उसने,उसे,उन,उनका,उनकी,उनके,उन्होंने,इस,इसका,इसकी,इसके,इसे,वहाँ,वहां,यहाँ,यहां,तब",
        asks="किस वर्ष,किस साल,कब,कहाँ,कहां,किसने,किसका,किसकी,किसके,किस,कौन सा,कौन सी,कौन,क्या,क्यों,कैसे,कितना,कितनी,कितने",
        fillers="का,की,के,में,से,को,पर,ने,है,हैं,था,थी,थे,हुआ,हुई,हुए,गया,गई,गए,एक,और",
    ),
    "vi": Phrases(
        openers="thế còn,vậy còn,còn,thế,vậy,và,nhưng",
        closers="thì sao,thì thế nào,nữa,nhỉ",
        points="ông ấy,bà ấy,anh ấy,cô ấy,nó,họ,đó,ấy,này,ở đó,lúc đó,khi đó",
        asks="khi nào,bao giờ,năm nào,ngày nào,ở đâu,đâu,ai,tại sao,vì sao,sao,cái gì,gì,nào,như thế nào,thế nào,bao nhiêu,bao lâu,bao xa,mấy",
        prepositions="ở,tại,trong,vào,từ,đến,cho",
        fillers="là,của,có,được,bị,do,các,những,một,và,thì,mà",
    ),
    "th": Phrases(
        openers="แล้วก็,แล้ว,และ,ส่วน,งั้น",
        closers="ล่ะครับ,ล่ะคะ,ล่ะ,หรือ,ครับ,คะ",
        points="เขา,เธอ,มัน,ที่นั่น,ที่นี่,นั้น,นี้,พวกเขา",
        asks="เมื่อไร,เมื่อไหร่,เมื่อใด,ปีไหน,ปีใด,ที่ไหน,ใคร,ทำไม,อะไร,อย่างไร,ยังไง,เท่าไร,เท่าไหร่,เท่าใด,กี่ปี,กี่,ไหน",
        prepositions="ใน,จาก,ถึง,ที่",
        fillers="คือ,เป็น,ของ,และ,กับ,ให้,ได้,มี",
    ),
    "tr": Phrases(
        openers="peki ya,peki,ya,ve,ama,o zaman",
        closers="ne olacak,nasıl,de,da",
        points="o,onu,ona,onun,onlar,onların,bu,bunu,bunun,şu,orada,oraya,orası,burada,bunlar",
        asks="ne zaman,ne kadar,nerede,nereye,nereden,nereli,kim,kimin,kime,kimi,neden,niçin,niye,hangi yıl,hangi,nasıl,kaç yılında,kaç,ne",
        fillers="bir,ve,ile,için,mi,mı,mu,mü,midir,dır,dir,var",
    ),
}
"""The words of each language. A new language is one more entry."""

_OF_SCRIPT = {
    "han": "zh", "kana": "ja", "hangul": "ko", "cyrillic": "ru", "arabic": "ar", "hebrew": "he", "devanagari": "hi", "thai": "th",
}  # fmt: skip
_LATIN = ("en", "de", "fr", "es", "pt", "vi", "tr")
UNSPACED = frozenset(("zh", "ja", "th"))
"""Languages whose words are not told apart by spaces."""

_PARTICLES = {"ko": "에서는|에서|으로|까지|부터|은|는|이|가|을|를|의|에|와|과|도|로"}
"""What is written onto the end of a word and does not belong to its name."""

ATTACHED_OPENER = {"ar": "و", "he": "ו"}
"""And, written onto the first word."""

_ATTACHED_POINT = {"ar": r"\p{L}{3,}(?:ه|ها|هم|هما|هن)", "he": r"\p{L}{3,}ו"}
"""His, her, its, written onto the end of a word. The unfolded letter: Arabic ة is another one."""


@dataclass(frozen=True, slots=True)
class Cues:
    """What a question shows of leaning on another. All spans are places in ``text``, in order.

    ``asks`` are its question words, ``content`` is what no phrase covers: single words, and where there are no spaces
    the runs between phrases.
    """

    text: str
    lang: str
    opens: bool
    closes: bool
    points: bool
    asks: tuple[Span, ...]
    prepositions: tuple[Span, ...]
    articles: tuple[Span, ...]
    content: tuple[Span, ...]
    inside: Span
    """What is left without opener and closer: "for children" of "And for children?"."""

    @property
    def fragment(self) -> str:
        return self.inside.of(self.text)

    @property
    def begins_small(self) -> bool:
        """Whether a preposition comes first: "in 2024?" is no question by itself."""
        return bool(self.prepositions) and self.prepositions[0].start == self.inside.start

    @property
    def spaced(self) -> bool:
        return self.lang not in UNSPACED


def language(question: str, *others: str) -> str:
    """Return the language whose phrases are read: by script; in Latin letters by most phrases, then with ``others``."""
    of_script = _OF_SCRIPT.get(script(question))
    if of_script:
        return of_script
    if "¿" in question:
        return "es"
    texts = (question, question, question, *others)
    known = {
        lang: sum(len(_vocabulary(lang).intersection(_WORD.findall(_plain(text, lang)))) for text in texts)
        for lang in _LATIN
    }
    return max(_LATIN, key=known.__getitem__)


def same_preposition(left: str, right: str, lang: str) -> bool:
    """Say whether two words are forms of one preposition: de and del, in and im."""
    forms = [group.split() for group in PHRASES[lang].prepositions.split(",")]
    plain = _plain(left, lang), _plain(right, lang)
    return plain[0] == plain[1] or any(all(word in group for word in plain) for group in forms)


def read_cues(question: str, lang: str) -> Cues:
    """Find the phrases of ``lang`` in a question."""
    plain, places = _plain_with_places(question, lang)
    patterns = _patterns(lang)
    end = len(plain.rstrip(_MARKS))
    start = first = len(plain) - len(plain.lstrip(_MARKS))
    opener = _longest_at(patterns["openers"], plain, first, end)
    if opener > _longest_at(patterns["points"], plain, first, end):  # 那里 is no 那
        start = opener
    elif patterns["attached"].match(plain, first, end):
        start = first + 1
    plain = plain[:first] + " " * (start - first) + plain[start:]
    closer = patterns["closers"].search(plain, start, end)
    if closer and lang in _TOPIC_CLOSES and patterns["asks"].search(plain, start, closer.start()):
        closer = None  # a mere topic mark closes only what asks nothing by itself
    last = closer.start() if closer else end
    asks = _spans(patterns["asks"], plain, start, last)
    points = [
        point
        for point in _spans(patterns["points"], plain, start, last)
        if not any(point.overlaps(ask) for ask in asks)  # من هو
    ]
    fillers = _spans(patterns["fillers"], plain, start, last)
    begin = start + len(plain[start:last]) - len(plain[start:last].lstrip(_MARKS))
    inside = Span(begin, max(begin, len(plain[:last].rstrip(_MARKS))))

    def placed(span: Span) -> Span:
        return Span(places[span.start], places[span.end])

    def small(kind: str) -> tuple[Span, ...]:
        found = _spans(patterns[kind], plain, start, last)
        return tuple(placed(span) for span in found if not any(span.overlaps(o) for o in (*asks, *points)))

    return Cues(
        text=question,
        lang=lang,
        opens=start > first,
        closes=closer is not None,
        points=bool(points) or bool(patterns["attached points"].search(question)),
        asks=tuple(map(placed, asks)),
        prepositions=small("prepositions"),
        articles=small("articles"),
        content=tuple(
            _without_particle(question, placed(span), lang)
            for span in _uncovered(plain, inside, [*asks, *points, *fillers])
        ),
        inside=placed(inside),
    )


_MARKS = " \t\n\u3000?？¿!！¡.。؟،,，、…:："
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_RUN = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:[-’'.,·\p{Pd}][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*")
_TOPIC_CLOSES = frozenset(("ja", "ko"))


def _longest_at(pattern: regex.Pattern[str], plain: str, start: int, end: int) -> int:
    found = pattern.match(plain, start, end)
    return found.end() if found else start


def _spans(pattern: regex.Pattern[str], plain: str, start: int, end: int) -> list[Span]:
    return [Span(*found.span()) for found in pattern.finditer(plain, start, end)]


def _uncovered(plain: str, inside: Span, covered: list[Span]) -> list[Span]:
    """Return the words, or parts of runs without spaces, that no phrase covers."""
    free = list(inside.of(plain).rjust(inside.end, " "))
    for span in covered:
        free[span.start : span.end] = " " * len(span)
    return _spans(_RUN, "".join(free), inside.start, inside.end)


def _without_particle(text: str, span: Span, lang: str) -> Span:
    particles = _PARTICLES.get(lang)
    found = particles and regex.fullmatch(rf"(.{{2,}}?)(?:{particles})", span.of(text))
    return Span(span.start, span.start + len(found[1])) if found else span


def _plain(text: str, lang: str) -> str:
    """Return the text as phrases are compared: folded, but in Latin letters with accents (où is no ou)."""
    return text.casefold() if lang in _LATIN else fold(text)


def _plain_with_places(text: str, lang: str) -> tuple[str, list[int]]:
    """Return the plain text, and for each of its characters (and its end) the place in ``text``."""
    parts = [_plain(character, lang) for character in text]
    places = [place for place, part in enumerate(parts) for _ in part]
    return "".join(parts), [*places, len(text)]


@cache
def _patterns(lang: str) -> dict[str, regex.Pattern[str]]:
    phrases = PHRASES[lang]
    before, after = ("", "") if lang in UNSPACED else (r"(?<![\p{L}\p{N}])", r"(?![\p{L}\p{M}\p{N}])")
    word_end = r"\p{L}*" if lang == "ko" else after  # 어디에서요: endings are written onto question words
    prepositions = phrases.prepositions.replace(" ", ",")
    letter, suffix = ATTACHED_OPENER.get(lang, "(?!)"), _ATTACHED_POINT.get(lang, "(?!)")
    return {
        "openers": _pattern(phrases.openers, lang, "", after),
        "closers": _pattern(phrases.closers, lang, "" if lang == "ko" else before, r"\Z"),
        "points": _pattern(
            phrases.points, lang, before.replace("]", "-]"), after
        ),  # est-il points at nothing
        "asks": _pattern(phrases.asks, lang, before, word_end),
        "fillers": _pattern(f"{prepositions},{phrases.articles},{phrases.fillers}", lang, before, after),
        "prepositions": _pattern(prepositions, lang, before, after),
        "articles": _pattern(phrases.articles, lang, before, after),
        "attached": regex.compile(rf"{letter}(?=\p{{L}}{{2}})"),
        "attached points": regex.compile(rf"(?<!\p{{L}}){suffix}(?!\p{{L}})"),
    }


def _pattern(phrases: str, lang: str, before: str, after: str) -> regex.Pattern[str]:
    """Return a pattern of phrases, longest first; one that matches nothing for none."""
    parts = sorted({_plain(phrase, lang) for phrase in phrases.split(",")} - {""}, key=len, reverse=True)
    return regex.compile(f"{before}(?:{'|'.join(map(regex.escape, parts)) or '(?!)'}){after}")


def is_phrase(word: str, lang: str) -> bool:
    """Say whether a word of a question is one of the language's phrases: such a one says nothing by itself."""
    return _plain(word, lang) in _vocabulary(lang)


@cache
def _vocabulary(lang: str) -> frozenset[str]:
    phrases = PHRASES[lang]
    everything = " ".join(getattr(phrases, field.name) for field in fields(phrases))
    return frozenset(_WORD.findall(_plain(everything, lang)))
