"""Mail: subject, people and date, then the message; attachments are members of the file."""

from __future__ import annotations

import email
import mimetypes
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from qa.readers import html, txt
from qa.readers.building import Member, Parsed, TextBuilder, Unreadable, one_line
from qa.readers.encoding import clean, decode

_SHOWN = ("From", "To", "Cc", "Date")
_PROOF = ("From", "To", "Subject", "Date", "Received", "Message-ID", "MIME-Version", "Return-Path")
"""Headers of which a mail has at least one."""


def parse(data: bytes) -> Parsed:
    """Return a message with its attachments as members; where a text comes in several forms, the plain one."""
    try:
        mail = email.message_from_bytes(data.lstrip(), policy=policy.default)
        if not any(name in mail for name in _PROOF):
            raise Unreadable("is no mail, whatever its name says.")
        return _parsed(mail)
    except Unreadable:
        raise
    except Exception as error:  # the library meets damage with any exception there is
        raise Unreadable(f"is cut off or damaged ({type(error).__name__}); export it again.") from error


def _parsed(mail: EmailMessage) -> Parsed:
    texts, attached = _parts(mail)
    members = _apart([_member(part, number) for number, part in enumerate(attached, 1)])
    subject = _header(mail, "Subject")
    builder = TextBuilder()
    builder.add(subject, "heading", rank=1)
    # a record is a passage of its own: who wrote when is no sentence of the message
    builder.add("\n".join(_shown(mail, members)), "record")
    for part in texts:
        builder.embed(_body(part))
    return Parsed(
        builder.text,
        tuple(builder.blocks),
        subject,
        author=_header(mail, "From"),
        date=_date(_header(mail, "Date")),
        language=_header(mail, "Content-Language")[:2].lower(),
        members=members,
    )


def _shown(mail: EmailMessage, members: tuple[Member, ...]) -> Iterator[str]:
    for name in _SHOWN:
        value = _header(mail, name)
        if value:
            yield f"{name}: {value}"
    if members:
        yield f"Attachments: {', '.join(member.name for member in members)}"


def _parts(mail: EmailMessage) -> tuple[list[Any], list[Any]]:
    """Return the parts that are the message, and those that are attached to it."""
    texts: list[Any] = []
    attached: list[Any] = []
    waiting: list[Any] = [mail]
    while waiting:
        part = waiting.pop()
        kind = part.get_content_type()
        if kind == "message/rfc822" or (not part.is_multipart() and _is_file(part, kind)):
            attached.append(part)
        elif not part.is_multipart():
            texts.append(part)
        else:
            inner = list(part.get_payload())
            waiting += reversed(_chosen(inner) if kind == "multipart/alternative" else inner)
    return texts, attached


def _is_file(part: Any, kind: str) -> bool:
    return kind not in ("text/plain", "text/html") or part.is_attachment() or bool(part.get_filename())


def _chosen(forms: list[Any]) -> list[Any]:
    """Return the one of several forms of a text that is read: plain, unless it is blank; else the richest, the last."""
    plain = [form for form in forms if form.get_content_type() == "text/plain" and _bytes(form).strip()]
    return plain[:1] or forms[-1:]


def _body(part: Any) -> Parsed:
    data = _bytes(part)
    if not data.strip():
        return Parsed("", ())
    text = decode(data, declared=part.get_content_charset()).text
    return html.parse(text) if part.get_content_type() == "text/html" else _plain(text.strip("\n"))


def _plain(text: str) -> Parsed:
    """Return a message as plain text is read; no line of the signature is a heading of what is quoted under it."""
    parsed = txt.parse(text)
    signature = text.find("\n-- \n")
    if signature < 0:
        return parsed
    blocks = (
        block
        if block.span.start < signature
        else replace(block, kind="paragraph" if block.level else block.kind, headings=(), level=0)
        for block in parsed.blocks
    )
    return replace(parsed, blocks=tuple(blocks))


def _bytes(part: Any) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _member(part: Any, number: int) -> Member:
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        inner = part.get_payload()[0]
        return Member(f"{_header(inner, 'Subject') or f'message {number}'}.eml", 0, partial(_whole, inner))
    kind = mimetypes.guess_extension(part.get_content_type()) or ""
    return Member(
        one_line(clean(part.get_filename() or "")) or f"attachment {number}{kind}", 0, partial(_bytes, part)
    )


def _apart(members: list[Member]) -> tuple[Member, ...]:
    """Return members with a number in the name where several have the same, and no name that leads elsewhere."""
    names: set[str] = set()
    apart = []
    for member in members:
        path = PurePosixPath(member.name.replace("/", "_").replace("\\", "_").lstrip(".") or "attachment")
        name, number = path.name, 1
        while name in names:
            number += 1
            name = f"{path.stem} ({number}){path.suffix}"
        names.add(name)
        apart.append(replace(member, name=name))
    return tuple(apart)


def _whole(mail: Any) -> bytes:
    try:
        return bytes(mail.as_bytes())
    except Exception as error:  # what cannot be parsed may not be written either
        raise Unreadable(f"is damaged ({type(error).__name__}); export it again.") from error


def _header(mail: Any, name: str) -> str:
    try:
        value = str(mail[name] or "")
    except Exception:  # the library parses a header when it is asked for, and fails on odd ones
        value = next((str(raw) for key, raw in mail.raw_items() if key.lower() == name.lower()), "")
    return one_line(clean(value), 1_000)


def _date(text: str) -> str:
    """Return the day of the sender's clock, as the mail shows it."""
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, OverflowError, IndexError, TypeError):
        return ""
