"""Words with a full stop that does not end the sentence, and words that begin one. Only data, casefolded.

Single letters and initials ("J.", "U.S.", "z.B.", "т.е.") need no entry.
"""

from __future__ import annotations


def _table(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


TITLES = _table(
    # English, French, Spanish, Portuguese, Italian
    "mr mrs ms dr ph prof rev lt sgt capt cmdr gov messrs mme mlle sr sra srta dra uds vds lic ing arq",
    "gral cnel tte exc sig sig.ra dott avv",
    # German, Dutch, Nordic, Polish, Turkish
    "hr hrn frl dipl univ priv.-doz geb gest verh verw dhr mevr drs mgr inż ks płk dok doç yrd",
    # connecting words: something always follows
    "vs cf approx viz incl excl esp ibid eds repr bzw evtl ggf ggü gem inkl einschl exkl sog vgl i.d.r",
    "zzgl abzgl zw p.ej c.-à-d env boul np tzn tzw tj např tzv bijv d.w.z m.b.t t.ex bl.a f.eks bkz örn",
    "vb.g",
    # Russian, Ukrainian
    "им св проф акад доц полк обл респ просп пр-т ул пл наб бул д-р г-н г-жа инж напр т.зв прибл соотв",
    "дж сокр ap hz müh üniv лат греч англ франц итал исп польск укр буд вул",
    # Hindi: titles and the English letters of initials; Persian: such letters; Hebrew; Vietnamese
    "डॉ प्रो पं श्री श्रीमती कु मो ले बी सी डी एफ एच जे के एल एम एन पी क्यू आर एस टी यू वी डब्ल्यू एक्स",
    "वाई जेड جی سی اف یو اچ آی دبلیو پی بی آر ال کی کیو تی פרופ ts ths pgs gs tp jl",
)
"""Never the end of a sentence."""

BEFORE_NUMBER = _table(
    "no nos nr nrs num núm nro nº fig figs vol vols pp pg pág págs pag sec sect ch chap cap kap art",
    "arts abs ziff tab taf abb eq eqs ex ref par para ed lib verse app tel tlf pt št poz rys zob ok est",
    "jan feb mar apr jun jul aug sep sept oct nov dec ene abr ago dic okt dez märz janv févr avr juil",
    "рис табл стр гл ст пп тт вып разд кн янв фев мар апр авг сент окт нояб дек тел",
)
"""Not the end of a sentence when a number follows."""

EITHER = _table(
    "etc inc ltd co corp bros jr esq dept assn plc llc st ste ft mm al am pm bc ad hon gen col sen rep",
    "ca op av trans usw u.s.w u.v.m mio mrd tsd v.chr n.chr gmbh ag str evt osv mm m.fl ecc s.p.a cía",
    "cia ee.uu ev fr mt mag bd г гг вв др руб коп тыс млн млрд трлн км га кг чел экз р-н изд ср см ок",
    "нем яп рус араб ген гр тов пер пос дер род ум сер кон пол мин сек рр грн тис",
)
"""The end of a sentence when a word of ``STARTERS`` follows."""

STARTERS = _table(
    "the this that these those he she it they we you i his her its their our there here in on at by for",
    "from with after before when while if but and so however although as since during a an one some",
    "many most all both no der die das ein eine er sie es wir ich dies diese dieser im in am auf bei",
    "nach mit seit für aber und doch le la les un une des il elle ils elles nous vous ce cette ces en",
    "au aux dans à pour mais et après selon el los las una unos él ella ellos al para pero y con se su",
    "sus este esta según tras por o os as um uma ele ela eles na nos nas em ao mas i gli lo nel della",
    "het een de hij zij dit deze он она оно они мы вы я это этот эта эти в во на по с со к из за от для",
    "при после до но и а так как его её их він вона воно вони ми це цей ця у з але і та ông bà anh chị",
    "họ nó tôi chúng đây đó năm ngày khi sau trước trong các những một theo với vì tuy nhưng và",
)
"""Words that often begin a sentence and seldom follow an abbreviation inside one."""

BEFORE_ORDINAL = _table(
    "am der die das dem den des vom zum zur im ab seit bis und beim dieser diesem dne od do ved fra til",
    "på",
)
"""Before a number with a full stop these make it an ordinal: "am 3. Oktober"."""

MONTHS = _table(
    "januar jänner februar märz april mai juni juli august september oktober november dezember",
    "jahrhundert",
)
"""After a number with a full stop these make it an ordinal."""
