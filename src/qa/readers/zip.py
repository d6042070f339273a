"""Archives: each entry is a file by itself. Nothing is ever written to the disk."""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from qa.readers.building import Member, Parsed, Unreadable
from qa.readers.encoding import clean, decode
from qa.readers.package import DAMAGE, open_package

_SPACE = re.compile(r"\s")
_UTF8 = 0x800
_LOCKED = 0x1


def parse(data: bytes) -> Parsed:
    """Return the entries of an archive as members, in its order; hidden ones and folders are left out.

    Names are normal paths below the archive; an entry whose name leads out of it, or that is a link or locked,
    is refused when it is unpacked.
    """
    archive = open_package(data, "ZIP archive")
    # is_dir() fails on an entry without a name
    entries = [info for info in archive.infolist() if not info.filename.endswith("/")]
    names = _names(entries)
    seen: set[str] = set()
    members: list[Member] = []
    for info, name in zip(entries, names, strict=True):
        parts = [part for part in name.split("/") if part not in (".", "..")]
        if any(part.startswith((".", "~$", "__MACOSX")) for part in parts):
            continue
        inner = _inner(name)
        reason = (
            "has a name that leads out of the archive." if inner is None else _refusal(info, inner in seen)
        )
        seen.add(inner or "")
        members.append(Member(inner or name, info.file_size, partial(_unpack, archive, info, reason)))
    return Parsed("", (), members=tuple(members))


def _names(entries: list[zipfile.ZipInfo]) -> Iterator[str]:
    """Yield names as paths; those that do not say that they are UTF-8 are decoded together, for one is too short."""
    old = [info.orig_filename.encode("cp437", "replace") for info in entries if not info.flag_bits & _UTF8]
    try:
        text = decode(b"\n".join(old)).text if old else ""
    except Unreadable:  # names of no encoding: they are shown as the archive has them
        text = ""
    decoded = iter(text.split("\n")) if text.count("\n") == len(old) - 1 else None
    for info in entries:
        name = info.orig_filename if info.flag_bits & _UTF8 or decoded is None else next(decoded)
        yield _SPACE.sub(" ", clean(name)).replace("\\", "/")


def _inner(name: str) -> str | None:
    """Return the path below the archive, None for one that would lead elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or name[1:2] == ":":
        return None
    return str(path)


def _refusal(info: zipfile.ZipInfo, twice: bool) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link."
    if info.flag_bits & _LOCKED:
        return "is protected by a password; pack it without one."
    return "is in the archive twice; the first one was read." if twice else ""


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, refusal: str) -> bytes:
    if refusal:
        raise Unreadable(refusal)
    try:
        return archive.read(info)
    except DAMAGE as error:
        raise Unreadable("is damaged in the archive; pack it again.") from error
