"""PowerPoint presentations: a slide is a page, its title a heading, its notes come after it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pptx
from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER

from qa.readers.building import Parsed, TextBuilder, Unreadable, iso_date, one_line, primary_language
from qa.readers.package import left_out, open_package

_DEEPEST = 50
"""Groups in groups of shapes."""
_RUNNING = frozenset(
    {PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.HEADER}
)


def parse(data: bytes) -> Parsed:
    """Return the text of the slides that are shown, in order; pictures and running feet are left out."""
    with open_package(data, "PowerPoint presentation") as package:
        told = tuple(left_out(package))
    builder = TextBuilder()
    hidden: list[int] = []
    diagrams: list[int] = []
    try:
        show = pptx.Presentation(io.BytesIO(data))
        slides = list(show.slides)
        for page, slide in enumerate(slides, 1):
            if slide._element.get("show") in ("0", "false"):
                hidden.append(page)
            else:
                diagrams += [page] * _add_slide(builder, slide, page)
        facts = show.core_properties
        title, author, written = facts.title, facts.author, facts.modified
        language = facts.language
    except Exception as error:  # the library meets damage with any exception there is
        reason = one_line(f"{type(error).__name__}: {error}".rstrip(": "), 120)
        raise Unreadable(f"is damaged ({reason}); open and save it again.") from error
    first = next((block for block in builder.blocks if block.kind == "heading"), None)
    named = "" if title in ("", "PowerPoint Presentation", "Presentation") else one_line(title)
    return Parsed(
        builder.text,
        tuple(builder.blocks),
        named or (one_line(first.span.of(builder.text)) if first else ""),
        len(slides),
        tuple(
            f"{what} were left out: {', '.join(map(str, pages))}."
            for what, pages in (
                ("hidden slides", hidden),
                ("the words of diagrams (SmartArt) on slides", diagrams),
            )
            if pages
        )
        + told,
        author=one_line(author),
        changed=iso_date(written.isoformat() if written else ""),
        language=primary_language(language),
    )


def _add_slide(builder: TextBuilder, slide: Any, page: int) -> bool:
    """Append what a slide says, then its notes; return whether it holds a diagram, whose words are not read."""
    title = slide.shapes.title
    builder.end_headings()
    builder.add(
        " ".join(title.text_frame.text.split()) if title is not None else "", "heading", page=page, rank=1
    )
    diagram = False
    for shape in _shapes(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if shape.is_placeholder and shape.placeholder_format.type in _RUNNING:
            continue
        for text, kind in _texts(shape):
            builder.add(text, kind, page=page)
        builder.add("")  # a table that stands next begins anew
        diagram = diagram or bool(shape._element.xpath(".//a:graphicData[contains(@uri, '/diagram')]"))
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        for paragraph in slide.notes_slide.notes_text_frame.paragraphs:
            builder.add(_line(paragraph.text), page=page)
    return diagram


def _shapes(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """Yield shapes in reading order as the file has it, those of groups too."""
    for shape in shapes:
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP and depth < _DEEPEST:
            yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _texts(shape: Any) -> Iterator[tuple[str, str]]:
    if getattr(shape, "has_table", False) and shape.has_table:
        for row in shape.table.rows:
            cells = [" ".join(cell.text.split()) for cell in row.cells]
            if any(cells):
                yield " | ".join(cells), "row"
    elif getattr(shape, "has_chart", False) and shape.has_chart:
        yield from ((text, "record") for text in _series(shape.chart))
    elif shape.has_text_frame:
        paragraphs = [_line(paragraph.text) for paragraph in shape.text_frame.paragraphs]
        paragraphs = [paragraph for paragraph in paragraphs if paragraph.strip()]
        kind = "item" if len(paragraphs) > 1 else "paragraph"
        yield from ((paragraph, kind) for paragraph in paragraphs)


def _series(chart: Any) -> Iterator[str]:
    """Yield each series of a chart with its values by category."""
    for plot in chart.plots:
        categories = [str(category) for category in plot.categories]
        for series in plot.series:
            values = [
                f"{name}: {value:.15g}"
                for name, value in zip(categories, series.values, strict=False)
                if value is not None
            ]
            yield " | ".join([series.name, *values])


def _line(text: str) -> str:
    return text.replace("\v", "\n")
