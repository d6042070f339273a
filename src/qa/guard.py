"""What stands between a network and the server: headers, names, origins, who is there, and how much they may send.

Each layer is plain ASGI, not ``BaseHTTPMiddleware``: Gradio streams its events, and those must pass unbuffered.
``guarded`` puts them around an application; docs/security.md says what each of them holds off.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import logging
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.errors import ConfigError, QAError
from qa.users import EDITOR, READER, User, Users
from qa.web.signin import render_moment, render_sign_in

_LOG = logging.getLogger(__name__)

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
SESSION_COOKIE = "qa-session"
OPEN_TO_ALL = "/healthz"

MAX_BODY_BYTES = 64_000
"""Of a request to ``/v1``: a question and a number."""
MAX_EVENT_BYTES = 1_000_000
"""Of an event of the page: it names the files that were uploaded."""
BODY_SECONDS = 30.0
"""In which a body must be here, or, of an upload, its next piece."""
FREE_BYTES = 500_000_000
"""Of the disk, which no upload may take."""
FAILURES_BEFORE_WAITING = 10
SECONDS_A_FAILURE = 30.0
LONGEST_SESSION = 100
REMEMBERED = 10_000
"""Callers, sessions and uploads that are kept in mind, the latest ones."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may reach a server, under which names, and how often.

    ``local`` says that only this machine reaches it. ``user_header`` names the header in which one of the
    ``proxies`` (addresses or networks) says who is there; it is believed from nobody else.
    """

    users: Users
    local: bool = True
    allow_remote: bool = False
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    user_header: str = ""
    requests_per_minute: int = 600
    max_upload_bytes: int = 2_500_000_000

    def check(self, host: str) -> None:
        """Raise ``ConfigError`` if serving on ``host`` like this would open the documents to everyone."""
        if self.user_header and not self.proxies:
            raise ConfigError(
                f"user_header is {self.user_header!r}, but anyone could send that header. "
                "Name the proxy that may: trusted_proxies (QA_TRUSTED_PROXIES=127.0.0.1)."
            )
        for proxy in self.proxies:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise ConfigError(
                    f"trusted_proxies holds {proxy!r}; give addresses or networks: 127.0.0.1,10.0.0.0/8"
                ) from error
        users = self.users.list()  # damaged, it is an error now and not at the first request
        if self.local or self.allow_remote or self.user_header or users:
            return
        raise ConfigError(
            f"Host '{host}' would show the documents to everyone who reaches this machine. Add a user who may "
            "sign in (qa user add NAME --role editor), or keep 127.0.0.1, or let everyone read: --allow-remote."
        )


def guarded(app: ASGIApp, access: Access) -> ASGIApp:
    """Return ``app`` behind all layers, the outermost last."""
    app = Limits(app, access)
    app = SignIn(app, access)
    app = SameOrigin(app)
    app = Hosts(app, access)
    app = Proxies(app, access)
    return SecurityHeaders(app)


# --- headers ------------------------------------------------------------------------------------

SCRIPTS = "script-src 'self' 'unsafe-eval'"
# Gradio compiles its templates, so evaluation stays allowed, and its styles stand in the page. Its inline
# scripts are named by their hashes; what a hostile document would need stays closed: scripts and handlers of
# its own, other hosts, frames, plug-ins.
PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        SCRIPTS,
        "script-src-attr 'none'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# For all that is no page of ours: were it a document that somebody uploaded, it could do nothing.
CLOSED_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
SIGN_IN_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script", re.DOTALL | re.IGNORECASE)
_NAMED_BY_CONTENT = "/assets/"
"""Gradio's build names them so: another version has another name, and a browser that has one need not ask again."""
_STATIC = ("/assets/", "/static/", "/svelte/", "/theme.css", "/favicon.ico", "/manifest.json")


class SecurityHeaders:
    """Adds ``SECURITY_HEADERS`` and a content security policy to every response; nothing but assets is cached."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_page, is_static = scope["path"] == "/", scope["path"].startswith(_STATIC)
        if is_page:  # its scripts are to be read below
            scope = _without(scope, b"accept-encoding")
        held: list[Message] = []

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                if is_static:
                    headers["Content-Security-Policy"] = PAGE_POLICY
                    if message["status"] == 200 and scope["path"].startswith(_NAMED_BY_CONTENT):
                        headers["Cache-Control"] = "max-age=31536000, immutable"
                else:
                    headers["Cache-Control"] = "no-store"
                    if is_page and headers.get("content-type", "").startswith("text/html"):
                        held.append(message)
                        return
                    headers.setdefault("Content-Security-Policy", CLOSED_POLICY)
            elif held:
                held.append(message)
                if not message.get("more_body", False):
                    _allow_inline_scripts(held)
                    for each in held:
                        await send(each)
                    held.clear()
                return
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _allow_inline_scripts(page: Sequence[Message]) -> None:
    """Put the policy that names the inline scripts of a page into its first message, unless it has one of its own."""
    html = b"".join(message.get("body", b"") for message in page[1:])
    digests = {hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(html)}
    hashes = "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in sorted(digests))
    headers = MutableHeaders(scope=page[0])
    headers.setdefault("Content-Security-Policy", PAGE_POLICY.replace(SCRIPTS, SCRIPTS + hashes))


def _without(scope: Scope, *names: bytes) -> Scope:
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in names]}


# --- names and origins --------------------------------------------------------------------------


class Proxies:
    """Believes what proxies say about a caller, and only if they are named; no other may say who is there."""

    _FROM_PROXIES = (
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-forwarded-port",
        b"x-real-ip",
    )
    # Gradio would build its addresses from these, whoever sends them.
    _FROM_NOBODY = (b"x-forwarded-host", b"x-forwarded-prefix", b"x-gradio-server", b"x-direct-url")

    def __init__(self, app: ASGIApp, access: Access) -> None:
        from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

        self.app = app
        self._behind: Any = ProxyHeadersMiddleware(app, trusted_hosts=list(access.proxies))  # type: ignore[arg-type]
        self._networks = [ip_network(proxy) for proxy in access.proxies]
        self._header = access.user_header.lower().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope = _without(scope, *self._FROM_NOBODY)
        if self._is_proxy(scope):
            await self._behind(scope, receive, send)
        elif self._header:
            await refusal(403, "NotThroughProxy", "Only the proxy may ask here.")(scope, receive, send)
        else:
            await self.app(_without(scope, *self._FROM_PROXIES), receive, send)

    def _is_proxy(self, scope: Scope) -> bool:
        try:
            peer = ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        return any(peer in network for network in self._networks)


class Hosts:
    """Answers to its own names only: a page elsewhere that points its name at this machine gets nothing.

    An address is no name, and nobody can point one elsewhere; addresses are always answered.
    """

    _HOST = re.compile(r"([\w.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?", re.IGNORECASE)

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        here = () if access.local else (socket.gethostname(),)
        self._names = {name.lower() for name in (*LOOPBACK_NAMES, *here, *access.hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_own(Headers(scope=scope).getlist("host")):
            message = "This server does not answer to that name. Name it in the setting hosts (QA_HOSTS)."
            await refusal(400, "UnknownHost", message)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_own(self, hosts: list[str]) -> bool:
        found = self._HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if found is None:
            return False
        name = found[1].strip("[]").lower().rstrip(".")
        if name in self._names or "*" in self._names:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


class SameOrigin:
    """Refuses what a page of another site sends: browsers name that site in ``Origin`` and ``Sec-Fetch-Site``.

    A link from elsewhere may be followed; nothing may be sent, and nothing read or embedded. There are no web
    sockets here, which browsers let every page open.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http" and self._is_foreign(Headers(scope=scope), scope["method"]):
            message = (
                "Requests from other sites are refused. A proxy must pass on the name it was asked by (Host)."
            )
            await refusal(403, "OtherSite", message)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    @staticmethod
    def _is_foreign(headers: Headers, method: str) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            return origin.lower().partition("://")[2] != headers.get("host", "").lower()
        follows_link = method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
        return headers.get("sec-fetch-site") in ("cross-site", "same-site") and not follows_link


# --- who is there -------------------------------------------------------------------------------


class SignIn:
    """Finds out who asks, and puts the ``User`` into ``scope["user"]``.

    The session of the sign-in page, a name and password (RFC 7617) from programs, or the header of a proxy. Where
    nobody needs to sign in, the caller is an editor on this machine and a reader from elsewhere.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self._users = access.users
        self._header = access.user_header
        self._always = (not access.local and not access.allow_remote) or bool(access.users.list())
        self._anyone = User("", EDITOR if access.local else READER)
        self._failures = Rate(60.0 / SECONDS_A_FAILURE, FAILURES_BEFORE_WAITING)
        self._hashing = asyncio.Semaphore(2)
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._proven: OrderedDict[bytes, tuple[str, str]] = OrderedDict()
        """What programs proved before, so that not each request of theirs costs a slow hash."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            response = await self._let_in(scope, receive)
        except QAError as error:  # the file of users is damaged or out of reach: nobody comes in
            _LOG.error("%s", error)
            told = "Nobody can sign in now. The server's log says why." if self._always else str(error)
            response = refusal(503, "NobodyCanSignIn", told)
        if response is None:
            await self.app(scope, receive, send)
        else:
            await response(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive) -> Response | None:
        """Put the user into the scope and return None, or return what the caller gets instead."""
        headers, path = Headers(scope=scope), scope["path"]
        if path == "/login" and not self._header:
            return await self._sign_in(scope, headers, receive)
        user = await self._who(scope, headers)
        if isinstance(user, Response):
            return user
        if path == "/logout" and scope["method"] == "POST" and user is not None and not self._header:
            return self._sign_out(user)
        if user is None and path != OPEN_TO_ALL:
            return self._unknown(scope, headers)
        scope["user"] = user
        return None

    async def _who(self, scope: Scope, headers: Headers) -> User | Response | None:
        if self._header:
            return self._named_by_proxy(headers)
        user = self._users.of_session(self._session(headers))
        if user is not None:
            return user
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            return await self._proved(scope, given.strip())
        # Once there were users, a file that is gone does not open the server again.
        self._always = self._always or bool(self._users.list())
        return None if self._always else self._anyone

    def _named_by_proxy(self, headers: Headers) -> User | None:
        given = headers.getlist(self._header)
        if len(given) != 1:
            return None
        name = given[0].encode("latin-1").decode("utf-8", "replace").strip()
        if not 0 < len(name) <= 200 or not name.isprintable():
            return None
        return self._users.find(name) or User(name, READER)

    async def _proved(self, scope: Scope, given: str) -> User | Response | None:
        try:
            name, colon, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        if not colon:
            return None
        proof = hmac.digest(self._key, given.encode(), "sha256")
        if proof in self._proven and self._proven[proof] == (name, self._users.seal(name)):
            return self._users.find(name)
        user = await self._check(scope, name, password)
        if isinstance(user, User):
            _remember(self._proven, proof, (name, self._users.seal(name)))
        return user

    async def _check(self, scope: Scope, name: str, password: str) -> User | Response | None:
        """Check a password; who fails often waits."""
        caller = caller_of(scope)
        if self._waiting > 50:
            return refusal(503, "Busy", "Too many are signing in at once. Try again in a minute.", wait=60)
        self._waiting += 1
        try:
            async with self._hashing:
                seconds = self._failures.wait(caller)
                if seconds:
                    message = f"Too many wrong passwords. Try again in {seconds} seconds."
                    return refusal(429, "TooManyFailures", message, wait=seconds)
                user = await asyncio.to_thread(self._users.check, name, password)
                if user is None:
                    self._failures.take(caller)
                return user
        finally:
            self._waiting -= 1

    async def _sign_in(self, scope: Scope, headers: Headers, receive: Receive) -> Response:
        if scope["method"] in ("GET", "HEAD"):
            return _sign_in_page(headers, 200)
        if scope["method"] != "POST":
            return refusal(405, "WrongMethod", "Send a name and a password, as the form does.")
        body = await read_body(receive, 8000)
        if body is None:
            return refusal(413, "RequestTooLarge", "Send a name and a password, as the form does.")
        form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
        name, password = (form.get(field, [""])[0] for field in ("name", "password"))
        back = _own_path(form.get("back", ["/"])[0])
        user = await self._check(scope, name, password)
        if isinstance(user, Response):
            return _sign_in_page(
                headers, user.status_code, back=back, wait=user.headers.get("retry-after", "")
            )
        if user is None:
            return _sign_in_page(headers, 401, back=back, failed=True)
        response = RedirectResponse(back, 303)
        response.set_cookie(
            self._cookie(),
            self._users.open_session(user.name),
            httponly=True,
            samesite="strict",
            secure=scope["scheme"] == "https",
        )
        return response

    def _sign_out(self, user: User) -> Response:
        self._users.end_sessions(user.name)
        response = RedirectResponse("/", 303)
        response.delete_cookie(self._cookie(), httponly=True, samesite="strict")
        return response

    def _unknown(self, scope: Scope, headers: Headers) -> Response:
        """Return the sign-in page to people, and one sentence to programs."""
        is_person = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        if self._header:
            return refusal(401, "NotSignedIn", "The proxy did not say who is there.")
        if not is_person:
            # Browsers would put a window of their own before the page; programs do not say where they come from.
            scheme = "Form" if "origin" in headers or "sec-fetch-mode" in headers else "Basic"
            response = refusal(401, "NotSignedIn", "Sign in, or send a name and a password.")
            response.headers["WWW-Authenticate"] = f'{scheme} realm="qa", charset="UTF-8"'
            return response
        here = scope["path"] + (
            f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        )
        if headers.get("sec-fetch-site") == "cross-site":
            # A strict cookie does not come along with a link from elsewhere, but with a second step from here.
            return HTMLResponse(
                render_moment(_own_path(here)), headers={"Content-Security-Policy": SIGN_IN_POLICY}
            )
        return _sign_in_page(headers, 401, back=_own_path(here))

    def _cookie(self) -> str:
        """Return a name of this library's own: two servers of one machine share their cookies."""
        return f"{SESSION_COOKIE}-{self._users.mark()}"

    def _session(self, headers: Headers) -> str:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie())
        except CookieError:
            return ""
        return cookie.value if cookie else ""


def _sign_in_page(
    headers: Headers, status: int, *, back: str = "/", failed: bool = False, wait: str = ""
) -> Response:
    page = render_sign_in(headers, back=back, failed=failed, wait=wait)
    more = {"Retry-After": wait} if wait else {}
    return HTMLResponse(page, status, {"Content-Security-Policy": SIGN_IN_POLICY, **more})


def _own_path(path: str) -> str:
    """Return a path of this server, ``/`` for anything that leads elsewhere."""
    leads_here = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if leads_here and len(path) < 2000 else "/"


# --- how much -----------------------------------------------------------------------------------


class Rate:
    """So many a minute for each caller, and as many again at once (a token bucket each)."""

    def __init__(self, per_minute: float, most: int) -> None:
        self._per_second = per_minute / 60.0
        self._most = float(most)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> int:
        """Return after how many seconds the caller may go on, 0 for at once."""
        left = self._now(caller)
        return 0 if left >= 1.0 else max(1, round((1.0 - left) / self._per_second))

    def take(self, caller: str) -> None:
        _remember(self._left, caller, (max(0.0, self._now(caller) - 1.0), time.monotonic()))

    def _now(self, caller: str) -> float:
        left, when = self._left.get(caller, (self._most, time.monotonic()))
        return min(self._most, left + (time.monotonic() - when) * self._per_second)


class Limits:
    """Limits how often one caller asks, how much at once, and how large and how slow a request may be."""

    AT_ONCE = 200
    """Requests of one caller that are open; a page holds two."""
    READS = 5
    """Times as often as anything is sent, things may be read; a page fetches the pictures of many pages."""
    UPLOADS = ("/gradio_api/upload",)

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        often = access.requests_per_minute
        self._rate = Rate(often, often)
        self._read_rate = Rate(self.READS * often, self.READS * often)
        self._most_uploaded = access.max_upload_bytes
        self._open: dict[str, int] = {}
        self._coming = 0
        """Bytes of the uploads that are on their way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        caller = _user_of(scope).name or caller_of(scope)
        count = self._open.get(caller, 0)
        if count >= self.AT_ONCE:
            await refusal(429, "TooManyRequests", "Too many requests are open.", wait=1)(scope, receive, send)
            return
        self._open[caller] = count + 1
        try:
            await self._limited(scope, receive, send, caller)
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]

    async def _limited(self, scope: Scope, receive: Receive, send: Send, caller: str) -> None:
        is_read = scope["method"] in ("GET", "HEAD", "OPTIONS")
        rate = self._read_rate if is_read else self._rate
        if not scope["path"].startswith(_STATIC):
            seconds = rate.wait(caller)
            if seconds:
                message = f"That was too often. Try again in {seconds} seconds."
                await refusal(429, "TooManyRequests", message, wait=seconds)(scope, receive, send)
                return
            rate.take(caller)
        if is_read:
            await self.app(scope, receive, send)
            return
        if scope["path"].rstrip("/") in self.UPLOADS:
            await self._upload(scope, receive, send)
            return
        limit = MAX_EVENT_BYTES if scope["path"].startswith("/gradio_api/") else MAX_BODY_BYTES
        body = await read_body(receive, limit)
        if body is None:
            message = (
                f"A request holds at most {limit} bytes, and must be here within {BODY_SECONDS:.0f} seconds."
            )
            await refusal(413, "RequestTooLarge", message)(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, replay, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = Headers(scope=scope).get("content-length", "")
        if not length.isascii() or not length.isdigit():
            await refusal(411, "LengthRequired", "Say how large the upload is.")(scope, receive, send)
            return
        size = int(length[:20])
        if size > self._most_uploaded:
            message = (
                f"An upload holds at most {self._most_uploaded // 1_000_000} MB. Send fewer files at a time."
            )
            await refusal(413, "RequestTooLarge", message)(scope, receive, send)
            return
        if shutil.disk_usage(tempfile.gettempdir()).free - self._coming - size < FREE_BYTES:
            await refusal(507, "DiskFull", "The server has no room for this upload.")(scope, receive, send)
            return
        self._coming += size

        async def receive_soon() -> Message:
            try:
                return await asyncio.wait_for(receive(), BODY_SECONDS)
            except TimeoutError:
                return {"type": "http.disconnect"}

        try:
            await self.app(scope, receive_soon, send)
        finally:
            self._coming -= size


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Return the body of a request; None if it is larger than ``limit`` bytes, too slow, or cut short."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                body += message.get("body", b"")
                if len(body) > limit:
                    return None
                more = message.get("more_body", False)
    except TimeoutError:
        return None
    return bytes(body)


# --- the page -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Conversation:
    """A session of Gradio: whose it is, and the events of it that are not done or whose end nobody has heard."""

    owner: str
    caller: str
    waiting: int = 0
    listeners: int = 0
    asked: float = 0.0


class Conversations:
    """The sessions of the page, which belong to those who began them, and cost the server only so much.

    Gradio keeps what it has to say until somebody listens, and a session that it was told of for good.
    """

    FOR_CALLER = 500
    """Conversations of one caller; the oldest are forgotten."""
    WAITING_IN_ONE = 5
    WAITING_FOR_CALLER = 100
    """Events on their way, half of what the page's queue holds."""
    UNHEARD_SECONDS = 60.0

    def __init__(self, forget: Callable[[str], None]) -> None:
        self._forget = forget
        self._all: OrderedDict[str, _Conversation] = OrderedDict()

    def is_of(self, session: str, user: User, caller: str) -> bool:
        """Say whether a session is the user's; one that nobody has yet becomes theirs."""
        found = self._all.get(session)
        if found is None:
            self._make_room(caller)
            found = self._all[session] = _Conversation(user.name, caller)
        self._all.move_to_end(session)
        return found.owner == user.name

    def begin(self, session: str) -> bool:
        """Count an event that begins, unless too many are on their way."""
        found = self._all[session]
        self._drop_unheard(found.caller)
        waiting = sum(each.waiting for each in self._of(found.caller).values())
        if found.waiting >= self.WAITING_IN_ONE or waiting >= self.WAITING_FOR_CALLER:
            return False
        found.waiting += 1
        found.asked = time.monotonic()
        return True

    def end(self, session: str, count: int = 1) -> None:
        found = self._all.get(session)
        if found is not None:
            found.waiting = max(0, found.waiting - count)

    def listen(self, session: str, change: int) -> None:
        """Count somebody who listens, or does no more: then Gradio lets go of the events of the session."""
        found = self._all.get(session)
        if found is not None:
            found.listeners += change
            if not found.listeners:
                found.waiting = 0

    def _of(self, caller: str) -> dict[str, _Conversation]:
        return {name: each for name, each in self._all.items() if each.caller == caller}

    def _drop_unheard(self, caller: str) -> None:
        late = time.monotonic() - self.UNHEARD_SECONDS
        for session, each in self._of(caller).items():
            if each.waiting and not each.listeners and each.asked < late:
                self._forget(session)
                each.waiting = 0

    def _make_room(self, caller: str) -> None:
        own = list(self._of(caller))
        oldest = own[: len(own) - self.FOR_CALLER + 1] if len(own) >= self.FOR_CALLER else []
        if not oldest and len(self._all) >= REMEMBERED:
            oldest = [next(iter(self._all))]
        for session in oldest:
            del self._all[session]
            self._forget(session)


class PageGate:
    """Lets through what the page's own scripts ask of Gradio, and keeps its users apart.

    Gradio answers to many more requests, and knows a conversation by an id that the caller makes up. Here a
    conversation belongs to the user who began it, and a file to the user who uploaded it. ``events`` are the numbers
    of the page's events, and ``forget`` lets go of what Gradio keeps of a session.
    """

    _READS = re.compile(
        r"/|/(assets|static|svelte)/.+|/(theme\.css|favicon\.ico|manifest\.json|config)"
        r"|/gradio_api/(queue/data|upload_progress|app_id|heartbeat/[\w-]+)"
    )
    _JOIN = "/gradio_api/queue/join"
    _SENT = (_JOIN, "/gradio_api/run/predict")
    _LISTEN = "/gradio_api/queue/data"
    _UPLOAD = "/gradio_api/upload"

    def __init__(self, app: ASGIApp, events: Collection[int], forget: Callable[[str], None]) -> None:
        self.app = app
        self._events = events
        self._conversations = Conversations(forget)
        self._uploads: OrderedDict[str, str] = OrderedDict()
        """Uploaded files with the names of their users."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method, path, user = scope["method"], scope["path"].rstrip("/") or "/", _user_of(scope)
        if method in ("GET", "HEAD") and self._READS.fullmatch(path):
            await self._read(scope, receive, send, user)
        elif method == "POST" and path in self._SENT:
            await self._event(scope, receive, send, user)
        elif method == "POST" and path == self._UPLOAD:
            await self._upload(scope, receive, send, user)
        else:
            await refusal(404, "NotFound", "There is nothing here.")(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, send: Send, user: User) -> None:
        path = scope["path"].rstrip("/")
        session = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
        if path.startswith("/gradio_api/heartbeat/"):
            session = path.rsplit("/", 1)[-1]
        if len(session) > LONGEST_SESSION:
            await refusal(400, "Malformed", "There is no such session.")(scope, receive, send)
        elif session and not self._conversations.is_of(session, user, caller_of(scope)):
            await refusal(403, "NotYours", "This conversation is another user's.")(scope, receive, send)
        elif session and path == self._LISTEN:
            await self._listen(scope, receive, send, session)
        else:
            await self.app(scope, receive, send)

    async def _listen(self, scope: Scope, receive: Receive, send: Send, session: str) -> None:
        async def send_and_count(message: Message) -> None:
            if ends := message.get("body", b"").count(b'"msg":"process_completed"'):
                self._conversations.end(session, ends)
            await send(message)

        self._conversations.listen(session, 1)
        try:
            await self.app(_without(scope, b"accept-encoding"), receive, send_and_count)
        finally:
            self._conversations.listen(session, -1)

    async def _event(self, scope: Scope, receive: Receive, send: Send, user: User) -> None:
        message = await receive()  # the whole body: Limits has put it together
        try:
            event = json.loads(message.get("body", b""))
            session, number, data = (event[name] for name in ("session_hash", "fn_index", "data"))
            known = type(number) is int and number in self._events and isinstance(data, list)
            known = known and isinstance(session, str) and 0 < len(session) <= LONGEST_SESSION
        except (ValueError, LookupError, TypeError, RecursionError):
            known = False
        if not known:
            await refusal(400, "Malformed", "This is no event of the page.")(scope, receive, send)
            return
        if not self._conversations.is_of(session, user, caller_of(scope)):
            await refusal(403, "NotYours", "This conversation is another user's.")(scope, receive, send)
            return
        if any(self._uploads.get(path) != user.name for path in _file_paths(event)):
            await refusal(403, "NotYours", "A file was named that you did not upload.")(scope, receive, send)
            return
        is_queued = scope["path"].rstrip("/") == self._JOIN
        if is_queued and not self._conversations.begin(session):
            words = "Too many questions are on their way. Wait for their answers."
            await refusal(429, "TooManyRequests", words, wait=1)(scope, receive, send)
            return
        whole: list[Message] = [message]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        async def send_and_count(message: Message) -> None:
            if is_queued and message["type"] == "http.response.start" and message["status"] != 200:
                self._conversations.end(session)
            await send(message)

        await self.app(scope, replay, send_and_count)

    async def _upload(self, scope: Scope, receive: Receive, send: Send, user: User) -> None:
        if not user.edits:
            await refusal(403, "ReadersOnly", "Only editors add documents.")(scope, receive, send)
            return
        said = bytearray()

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.body":
                said.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    self._note(bytes(said), user)
            await send(message)

        await self.app(_without(scope, b"accept-encoding"), receive, send_and_note)

    def _note(self, said: bytes, user: User) -> None:
        try:
            paths = json.loads(said)
        except ValueError:
            return  # what Gradio refused, it says in words
        for path in paths if isinstance(paths, list) else ():
            _remember(self._uploads, str(path), user.name)


def _file_paths(value: Any) -> list[str]:
    """Return every path that Gradio would take for that of a file, anywhere in an event."""
    paths, waiting = [], [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if "path" in each:
                paths.append(str(each["path"]))
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return paths


# --- common -------------------------------------------------------------------------------------


def refusal(status: int, kind: str, message: str, *, wait: int = 0) -> Response:
    """Return an error in the shape of all errors; ``wait`` says after how many seconds to try again."""
    headers = {"Retry-After": str(wait)} if wait else {}
    if status == 413:
        headers["Connection"] = "close"  # the rest of the body is not waited for
    return JSONResponse({"error": {"type": kind, "message": message}}, status, headers)


def caller_of(scope: Scope) -> str:
    """Return the address of a caller, of IPv6 the network: one caller has a whole one."""
    address = (scope.get("client") or ("",))[0]
    try:
        found = ip_address(address)
    except ValueError:
        return str(address)
    return address if found.version == 4 else str(ip_network(f"{address}/64", strict=False))


def _user_of(scope: Scope) -> User:
    return scope.get("user") or User("", READER)


def _remember(kept: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
