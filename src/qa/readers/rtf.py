"""RTF: the words without their format, then read as plain text is."""

from __future__ import annotations

import regex
from striprtf.striprtf import rtf_to_text

from qa.readers import txt
from qa.readers.building import Parsed, Unreadable, one_line
from qa.readers.encoding import clean

_FACT = regex.compile(r"\{\\(title|author)\s((?:[^{}\\]|\\[^{}])*)\}")
_TIME = regex.compile(r"\{\\(?:revtim|creatim)\\yr(\d{4})(?:\\mo(\d{1,2})(?:\\dy(\d{1,2}))?)?")
_NOTE = regex.compile(r"\{\\footnote\b")
_HEAD = 20_000
"""Characters at the beginning of a file among which its title stands."""


def parse(data: bytes) -> Parsed:
    """Return the text of an RTF file; pictures, notes and running heads are left out."""
    rtf = data.decode("latin-1")  # RTF is ASCII; a byte above is a character of the code page it names
    if not rtf.lstrip().startswith("{\\rtf"):
        raise Unreadable("is no RTF file, whatever its name says.")
    head = rtf[:_HEAD]
    facts = {name: one_line(_words(_group(head, value))) for name, value in _FACT.findall(head)}
    parsed = txt.parse(_words(rtf), outline_title=facts.get("title", ""))
    when = _TIME.search(head)
    notes = len(_NOTE.findall(rtf))
    return Parsed(
        parsed.text,
        parsed.blocks,
        parsed.title,
        warnings=(f"notes were left out: {notes}.",) if notes else (),
        author=facts.get("author", ""),
        changed="-".join(part.zfill(2) for part in when.groups() if part) if when else "",
    )


def _group(head: str, value: str) -> str:
    """Return words of the header as a file by themselves, in its code page."""
    page = regex.search(r"\\ansicpg\d+", head)
    return f"{{\\rtf1\\ansi{page[0] if page else ''} {value}}}"


def _words(rtf: str) -> str:
    try:
        text: str = rtf_to_text(_escaped(rtf), errors="replace")  # type: ignore[no-untyped-call]
    except Exception as error:  # the library meets damage with any exception there is
        raise Unreadable(
            f"is cut off or damaged ({type(error).__name__}); fetch or save it again."
        ) from error
    # a character beyond the first plane comes in two halves
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return clean(whole.replace("\xad", "").replace("\u2011", "-"))


def _escaped(rtf: str) -> str:
    r"""Return RTF with every byte above ASCII written as ``\'xx``, which is read by its code page."""
    return rtf if rtf.isascii() else regex.sub(r"[\x80-\xff]", lambda found: f"\\'{ord(found[0]):02x}", rtf)
