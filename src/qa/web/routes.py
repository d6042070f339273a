"""What the page fetches by itself: documents opened at a quote, their pages as pictures, citations, the list.

HTML fragments in the reader's language, made by ``source`` and ``render``; nothing of them is to be cached, since a
document that is removed is to be gone.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, Response

from qa.citing import Citation
from qa.errors import DocumentNotFound, LibraryNotFound, QAError
from qa.history import History
from qa.readers import file_type
from qa.readers.pages import Words, page_picture, page_sizes
from qa.types import Document, DocumentInfo
from qa.web import source
from qa.web.examples import choose_headings
from qa.web.links import QuoteLink
from qa.web.render import (
    Choice,
    render_alert,
    render_citations,
    render_history,
    render_list,
    render_scope,
    render_suggestions,
)
from qa.web.service import Service, kept_for, may_edit
from qa.web.strings import Strings, strings_of
from qa.web.troubles import trouble_of

_NO_STORE = {"Cache-Control": "no-store"}
_PDF = "application/pdf"

Number = Annotated[int, Query(ge=0)]
Page = Annotated[int, Query(ge=1)]
Name = Annotated[str, Query(max_length=1000)]
Marks = Annotated[str, Query(max_length=2000)]


def add_page_routes(app: FastAPI, service: Service) -> None:
    """Add ``/page/…`` to the application."""

    @app.get("/page/source", include_in_schema=False)
    def open_source(
        request: Request, document: Name, start: Number, end: Number, marks: Marks = "", of: Name = ""
    ) -> Response:
        strings = strings_of(request.headers)

        def pane() -> str:
            place = QuoteLink.of(document, start, end, marks)
            try:
                found = _document(service, place)
            except DocumentNotFound:
                return source.render_changed(_present(service, of), of, strings)
            pages = (found.pages or 0) if _original(service, found) else 0
            return source.render_source(found, place, strings, pages=pages)

        return _html(pane, strings)

    @app.get("/page/part", include_in_schema=False)
    def text_part(
        request: Request, document: Name, start: Number, end: Number, part: Number, marks: Marks = ""
    ) -> Response:
        strings = strings_of(request.headers)
        place = QuoteLink.of(document, start, end, marks)
        return _html(lambda: source.render_part(_document(service, place), place, part, strings), strings)

    @app.get("/page/pages", include_in_schema=False)
    def pages_part(
        request: Request, document: Name, start: Number, end: Number, part: Number, marks: Marks = ""
    ) -> Response:
        strings = strings_of(request.headers)
        place = QuoteLink.of(document, start, end, marks)
        found = _document(service, place)
        sizes = page_sizes(_original(service, found), found.sha256)
        if not sizes:
            return Response(status_code=404, headers=_NO_STORE)  # gone or changed: the text is shown
        return _html(lambda: source.render_pages(place, sizes, part, strings), strings)

    @app.get("/page/documents", include_in_schema=False)
    def documents(request: Request, words: Name = "", language: Name = "", first: Number = 0) -> Response:
        strings = strings_of(request.headers)
        choice = Choice(words, language, first)
        edits = may_edit(request.scope)
        return _html(lambda: render_list(_documents(service), choice, strings, edits=edits), strings)

    @app.get("/page/history", include_in_schema=False)
    def history(request: Request) -> Response:
        strings, user = strings_of(request.headers), kept_for(request.scope)
        kept = History(service.path)
        return _html(
            lambda: render_history(
                kept.conversations(user) if user is not None else [], strings, shared=user == ""
            ),
            strings,
        )

    @app.get("/page/scope", include_in_schema=False)
    def scope(request: Request) -> Response:
        strings = strings_of(request.headers)
        return _html(lambda: render_scope(_documents(service), strings), strings)

    @app.get("/page/suggestions", include_in_schema=False)
    def suggestions(
        request: Request, document: Name, start: Number, end: Number, marks: Marks = ""
    ) -> Response:
        strings = strings_of(request.headers)
        place = QuoteLink.of(document, start, end, marks)

        def found() -> str:
            opened = _document(service, place)
            return render_suggestions(choose_headings(service, opened, place.span), opened.source, strings)

        return _html(found, strings)

    @app.get("/page/citations", include_in_schema=False)
    def citations(
        request: Request, document: Name, start: Number, end: Number, marks: Marks = ""
    ) -> Response:
        strings = strings_of(request.headers)
        place = QuoteLink.of(document, start, end, marks)
        return _html(
            lambda: render_citations(Citation.of(_document(service, place), place.span), strings), strings
        )

    @app.get("/page/picture", include_in_schema=False)
    def picture(document: Name, start: Number, end: Number, page: Page, marks: Marks = "") -> Response:
        place = QuoteLink.of(document, start, end, marks)
        found = _document(service, place)
        shifted = tuple(mark.shift(-place.span.start) for mark in place.marks)
        first = source.page_at(found, place.span.start)
        words = Words(place.span.of(found.text), shifted, first) if first and len(place.span) else None
        drawn = page_picture(_original(service, found), found.sha256, page, words)
        if not drawn:
            return Response(status_code=404, headers=_NO_STORE)
        return Response(drawn, media_type="image/jpeg", headers=_NO_STORE)


def _document(service: Service, place: QuoteLink) -> Document:
    """Return the very version that a place names, its stored text proven, with the span inside it."""
    found = service.document(place.document_id)
    if found.id != place.document_id or place.span.end > len(found.text):
        raise DocumentNotFound(f"No document '{place.document_id}' has such a place.")
    return found


def _original(service: Service, document: Document) -> str:
    """Return the path of the PDF that a document was read from, "" if it is none or no file any more."""
    if document.media_type != _PDF:
        return ""
    path = service.find(document.id).path
    return path if file_type(Path(path)) == stat.S_IFREG else ""


def _documents(service: Service) -> list[DocumentInfo]:
    try:
        return service.documents()
    except LibraryNotFound:
        return []  # made by the first upload


def _present(service: Service, name: str) -> str:
    """Return the id of the document that has this source now, "" if there is none."""
    try:
        return service.find(name).id if name else ""
    except DocumentNotFound:
        return ""


def _html(make: Callable[[], str], strings: Strings) -> Response:
    try:
        return HTMLResponse(make(), headers=_NO_STORE)
    except QAError as error:
        return HTMLResponse(render_alert(trouble_of(error, strings), strings), 400, headers=_NO_STORE)
