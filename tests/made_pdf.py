"""PDFs written by hand, object by object, so that a test needs no library and knows every byte."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

Run = tuple[float, float, float, str]
"""x, y, font size and text of a piece of a page."""

_FONTS = (
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [5 0 R] >>",
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /CIDSystemInfo"
    b" << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor << /Type /FontDescriptor"
    b" /FontName /STSong-Light /Ascent 800 /Descent -200 /FontBBox [0 -200 1000 800] >> >>",
)
SCAN = b"q 500 0 0 700 40 40 cm /Im Do Q"
"""The content of a page that is one picture."""


def make_pdf(pages: Sequence[Sequence[Run]], *, title: str = "") -> bytes:
    """Write pages of text: ASCII in Helvetica, anything else through a predefined map for Chinese."""
    return pdf_of(*(b"".join(_show(*run) for run in page) for page in pages), title=title)


NOTES = (
    b"<< /Subtype /Widget /FT /Tx /T (owner) /V (Ann Lee of Ashford) /Rect [72 640 272 660] >>"
    b" << /Subtype /Widget /FT /Tx /F 2 /V (hidden) /Rect [72 500 272 520] >>"
    b" << /Subtype /FreeText /Contents <FEFF63D04F9B> /Rect [72 600 272 640] >>"
    b" << /Subtype /Text /Contents (Is this right?) /Rect [300 640 320 660] >>"
    b" << /Subtype /Link /Rect [0 0 9 9] >> << /Subtype /Text /Contents (damaged) >> (none)"
)
"""Of a page: two fields, one of them hidden, what was typed on it, and a comment."""


def pdf_of(*contents: bytes, title: str = "", count: int | None = None, notes: bytes = b"") -> bytes:
    """Write a page for each content stream; ``count`` is the number of pages that the file claims.

    ``notes`` are the annotations of every page.
    """
    image = zlib.compress(bytes(64))
    first = 8
    kids = b" ".join(b"%d 0 R" % (first + 2 * number) for number in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(contents) if count is None else count),
        *_FONTS,
        b"<< /Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8"
        b" /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(image), image),
    ]
    for content in contents:
        packed = zlib.compress(content)
        objects.append(
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)
        )
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources"
            b" << /Font << /L 3 0 R /C 4 0 R >> /XObject << /Im 6 0 R >> >> /Annots [%s] >>"
            % (len(objects), notes)
        )
    objects.append(b"<< /Title (%s) >>" % title.encode("ascii"))
    return _assembled(objects)


def _show(x: float, y: float, size: float, text: str) -> bytes:
    if text.isascii():
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode()
        return b"BT /L %g Tf %g %g Td (%s) Tj ET\n" % (size, x, y, escaped)
    return b"BT /C %g Tf %g %g Td <%s> Tj ET\n" % (size, x, y, text.encode("utf-16-be").hex().encode())


def _assembled(objects: Sequence[bytes]) -> bytes:
    """Return the file: objects numbered from 1, the table of their places, the last one as information."""
    out = io.BytesIO()
    out.write(b"%PDF-1.5\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, len(objects)))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()
