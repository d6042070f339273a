"""E-books: the chapters in the order of the spine, each read as the page of HTML that it is."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urldefrag

from lxml import etree
from selectolax.lexbor import LexborHTMLParser

from qa.readers import html
from qa.readers.building import (
    Parsed,
    TextBuilder,
    Unreadable,
    first_heading,
    iso_date,
    one_line,
    primary_language,
)
from qa.readers.encoding import decode
from qa.readers.package import attribute, find, local_name, open_package, part, xml

_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def parse(data: bytes) -> Parsed:
    """Return the text of an e-book; a chapter without a heading has that of the table of contents."""
    package = open_package(data, "e-book")
    folder, root = _package_document(package)
    files = {attribute(item, "id"): item for item in _inner(root, "manifest")}
    spine = [files[each] for ref in _inner(root, "spine") if (each := attribute(ref, "idref")) in files]
    locked = _locked(package)
    names = _names(package, folder, files.values())
    builder = TextBuilder()
    warnings: list[str] = []
    if not spine:
        spine = list(files.values())
        warnings.append("the order of its chapters is missing from the file; they stand as it lists them.")
    for item in spine:
        path = _path(folder, attribute(item, "href") or "")
        if (
            attribute(item, "media-type") not in _PAGES
            or "nav" in (attribute(item, "properties") or "").split()
        ):
            continue
        if path in locked:
            raise Unreadable("is protected against copying (DRM) and cannot be read.")
        page = part(package, path)
        if page is None:
            warnings.append(f"the chapter '{one_line(path)}' is missing from the file.")
        elif page.strip():
            _add_chapter(
                builder, decode(page, declared=html.declared_charset(page)).text, names.get(path, "")
            )
    facts = find(root, "metadata")
    return Parsed(
        builder.text,
        tuple(builder.blocks),
        _fact(facts, "title") or first_heading(builder.text, builder.blocks),
        warnings=tuple(warnings),
        author=", ".join(_facts(facts, "creator")),
        date=iso_date(_fact(facts, "date")),
        language=primary_language(_fact(facts, "language")),
    )


def _add_chapter(builder: TextBuilder, page: str, name: str) -> None:
    if name and not html.has_heading(page):
        builder.add(name, "heading", rank=1)
    html.read_into(builder, page)


def _package_document(package: zipfile.ZipFile) -> tuple[str, etree._Element]:
    """Return the folder and the root of the file that lists all others."""
    container = xml(package, "META-INF/container.xml")
    path = attribute(find(container, "rootfiles", "rootfile"), "full-path") or ""
    root = xml(package, path)
    if root is None:
        raise Unreadable("is no e-book, whatever its name says.")
    return posixpath.dirname(path), root


def _inner(root: etree._Element, name: str) -> Iterator[etree._Element]:
    found = find(root, name)
    yield from found if found is not None else ()


def _path(folder: str, href: str) -> str:
    """Return the path in the package of a reference from a file in ``folder``."""
    return posixpath.normpath(posixpath.join(folder, unquote(urldefrag(href).url)))


def _locked(package: zipfile.ZipFile) -> set[str]:
    """Return the files that are encrypted; those of fonts do not matter."""
    root = xml(package, "META-INF/encryption.xml")
    found = root.iter("{*}CipherReference") if root is not None else ()
    return {_path("", attribute(each, "URI") or "") for each in found}


def _names(package: zipfile.ZipFile, folder: str, files: Iterable[etree._Element]) -> dict[str, str]:
    """Return the names of chapters by path, as the table of contents gives them (EPUB 3, else EPUB 2)."""
    names: dict[str, str] = {}
    for item in files:
        path = _path(folder, attribute(item, "href") or "")
        if "nav" in (attribute(item, "properties") or "").split():
            entries = _nav_entries(part(package, path) or b"")
        elif attribute(item, "media-type") == "application/x-dtbncx+xml":
            entries = _ncx_entries(package, path)
        else:
            continue
        for href, name in entries:
            names.setdefault(_path(posixpath.dirname(path), href), one_line(name))
    return names


def _nav_entries(page: bytes) -> Iterator[tuple[str, str]]:
    for nav in LexborHTMLParser(page.decode("utf-8", "replace")).css("nav"):
        if nav.attributes.get("epub:type") in ("toc", None):
            for link in nav.css("a"):
                yield link.attributes.get("href") or "", link.text()


def _ncx_entries(package: zipfile.ZipFile, path: str) -> Iterator[tuple[str, str]]:
    try:
        root = xml(package, path)
    except Unreadable:  # the book is readable without it
        return
    for point in root.iter("{*}navPoint") if root is not None else ():
        label = find(point, "navLabel", "text")
        yield attribute(find(point, "content"), "src") or "", label.text or "" if label is not None else ""


def _fact(facts: etree._Element | None, name: str) -> str:
    return next(_facts(facts, name), "")


def _facts(facts: etree._Element | None, name: str) -> Iterator[str]:
    for element in facts if facts is not None else ():
        if local_name(element) == name and (text := one_line("".join(element.itertext()))):
            yield text
