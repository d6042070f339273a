"""Zip packages of documents (docx, odt, epub …): opened with limits, their XML read without entities."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial

from lxml import etree

from qa.readers.building import Unreadable

MAX_PART_MB = 400
"""Unpacked size of one part with text; a package beyond it is a bomb or no document for people."""
MAX_PACKAGE_MB = 2_000
"""Unpacked size of all parts, pictures too."""
MAX_ENTRIES = 20_000
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
"""What reading a damaged package or part raises."""


def open_package(data: bytes, kind: str) -> zipfile.ZipFile:
    """Open a package that should be a ``kind`` ("Word document"); raises ``Unreadable``.

    Sizes are those that the package declares of itself; no more than that is ever unpacked of a part.
    """
    if data.startswith(OLE):
        raise Unreadable(
            "is protected by a password, or an old Office file by another name; save it in the new format "
            "without a password."
        )
    if not data.startswith(b"PK"):
        raise Unreadable(f"is no {kind}, whatever its name says.")
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except DAMAGE as error:
        raise Unreadable("is cut off or damaged; fetch or save it again.") from error
    if len(package.infolist()) > MAX_ENTRIES:
        raise Unreadable(f"holds more than {MAX_ENTRIES} files and is not read.")
    size = sum(info.file_size for info in package.infolist())
    if size > MAX_PACKAGE_MB * 1_000_000:
        raise Unreadable(f"unpacks to {size / 1e6:,.0f} MB and is not read.")
    return package


def part(package: zipfile.ZipFile, name: str) -> bytes | None:
    """Return the bytes of a part, None where there is none."""
    try:
        info = package.getinfo(name)
    except KeyError:
        return None
    if info.file_size > MAX_PART_MB * 1_000_000:
        raise Unreadable(f"unpacks to {info.file_size / 1e6:,.0f} MB of text ({name}) and is not read.")
    if info.flag_bits & 1:
        raise Unreadable("is protected by a password; save it without one.")
    try:
        return package.read(info)
    except DAMAGE as error:
        raise Unreadable(f"is damaged ({name} cannot be read); open and save it again.") from error


def xml(package: zipfile.ZipFile, name: str) -> etree._Element | None:
    """Return the root of a part, None where there is none. Entities are not expanded, nothing is fetched."""
    data = part(package, name)
    if data is None:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(f"is damaged ({name} cannot be read); open and save it again.") from error


_COMMENTS = re.compile(r"(?:word|xl|ppt)/(?:comments/)?(?:modernComment_\w+|comments?\d*)\.xml")
_EMBEDDED = re.compile(r"(?:word|xl|ppt)/embeddings/([^/]+)")
_OF_CHARTS = re.compile(r"(?:word|xl|ppt)/charts/_rels/[^/]+\.rels")


def left_out(package: zipfile.ZipFile) -> Iterator[str]:
    """Tell of comments and files inside a document of Office, which are not read; files of charts hold its figures."""
    names = package.namelist()
    comments = sum(map(partial(_comments, package), filter(_COMMENTS.fullmatch, names)))
    if comments:
        yield "1 comment was left out." if comments == 1 else f"{comments:,} comments were left out."
    charts = b"".join(_bytes(package, name) for name in names if _OF_CHARTS.fullmatch(name))
    files = [
        found[1] for found in map(_EMBEDDED.fullmatch, names) if found and found[1].encode() not in charts
    ]
    if files:
        what = "1 file inside it was" if len(files) == 1 else f"{len(files)} files inside it were"
        yield f"{what} not read; save by itself what you need."


def _bytes(package: zipfile.ZipFile, name: str) -> bytes:
    try:
        return part(package, name) or b""
    except Unreadable:  # the document is readable without it
        return b""


def _comments(package: zipfile.ZipFile, name: str) -> int:
    try:
        root = xml(package, name)
    except Unreadable:
        return 0
    return sum(local_name(each) in ("comment", "cm") for each in root.iter()) if root is not None else 0


def local_name(element: etree._Element) -> str:
    """Return the name without its namespace, "" for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def find(element: etree._Element | None, *path: str) -> etree._Element | None:
    """Return the first child of that local name, and so on; None where the path ends."""
    for name in path:
        element = element.find(f"{{*}}{name}") if element is not None else None
    return element


def attribute(element: etree._Element | None, name: str = "val") -> str | None:
    """Return an attribute by its local name."""
    for key, value in element.attrib.items() if element is not None else ():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None
