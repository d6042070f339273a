"""The HTTP service: ``/v1/ask``, ``/v1/search``, ``/v1/feedback``, ``/healthz``, ``/metrics``, and the page at ``/``.

A few lines each over ``QA``. What Gradio leaves to the application is here: security headers, which
names the server answers to, a password for all of it, and a limit on what a request may carry.
"""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.errors import (
    DocumentNotFound,
    EncoderMismatch,
    FeedbackError,
    LibraryLocked,
    LibraryNotFound,
    QAError,
    QuestionError,
)
from qa.feedback import LONGEST_TEXT, MOST_MARKS, Feedback
from qa.types import Answer, Span
from qa.web.service import Service
from qa.web.settings import PageSettings

MAX_QUESTION_CHARS = 2000
MAX_BODY_BYTES = 64_000
"""Of a request to ``/v1``: a question and a number."""

# Gradio starts from inline scripts and compiles its templates, so scripts cannot be narrowed to files.
# What a hostile document would need stays closed: handlers in attributes, other hosts, frames, plug-ins.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
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
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_STATUS: tuple[tuple[type[QAError], int], ...] = (
    (QuestionError, 400),
    (FeedbackError, 507),
    (DocumentNotFound, 404),
    (EncoderMismatch, 409),
    (LibraryNotFound, 503),
    (LibraryLocked, 503),
)


class AskRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARS)


class SearchRequest(AskRequest):
    k: int = Field(default=10, ge=1, le=100)


Place = Annotated[int, Field(ge=0)]


class FeedbackRequest(BaseModel):
    """A verdict on an answer; the place is that of ``quote`` in the answer, absent for an abstention."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARS)
    verdict: Literal["right", "wrong"]
    document_id: str = Field(default="", max_length=64)
    start: Place | None = None
    end: Place | None = None
    highlights: list[tuple[Place, Place]] = Field(default=[], max_length=MOST_MARKS)
    confidence: float | None = Field(default=None, ge=0, le=1)
    expected: str = Field(default="", max_length=LONGEST_TEXT)
    note: str = Field(default="", max_length=LONGEST_TEXT)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        pairs = [*self.highlights, (self.start or 0, self.end or 0)]
        if (self.start is None) != (self.end is None) or any(start > end for start, end in pairs):
            raise ValueError("a place needs start <= end")
        return self

    def feedback(self) -> Feedback:
        span = Span(self.start, self.end) if self.start is not None and self.end is not None else None
        return Feedback(
            question=self.question,
            verdict=self.verdict,
            document_id=self.document_id,
            span=span,
            highlights=tuple(Span(start, end) for start, end in self.highlights),
            confidence=self.confidence,
            answered=span is not None,
            expected=self.expected,
            note=self.note,
        )


def create_app(
    service: Service,
    *,
    page: bool = True,
    settings: PageSettings | None = None,
    hosts: Sequence[str] = ("localhost", "127.0.0.1", "[::1]"),
    auth: tuple[str, str] | None = None,
) -> FastAPI:
    """Return the ASGI application over ``service``.

    ``hosts`` are the names it answers to (``*`` for any): a page elsewhere that points its own name
    at this machine gets nothing. ``auth`` asks every caller for that name and password, except at
    ``/healthz``. ``settings`` are the page's.
    """
    # No /docs: those pages load their scripts from another host.
    app = FastAPI(title="qa", docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json")
    metrics = Metrics()
    _add_routes(app, service, metrics)
    if page:
        from qa.web.page import build_page, mount_page

        mount_page(app, build_page(service, settings, on_answer=metrics.observe), settings)
    app.add_middleware(BodyLimit)
    app.add_middleware(SameOrigin)
    if auth is not None:
        app.add_middleware(BasicAuth, name=auth[0], password=auth[1])
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_middleware(SecurityHeaders)
    return app


def _add_routes(app: FastAPI, service: Service, metrics: Metrics) -> None:
    @app.post("/v1/ask")
    def ask(request: AskRequest) -> dict[str, Any]:
        started = time.perf_counter()
        answer = service.ask(request.question)
        metrics.observe(answer, time.perf_counter() - started)
        return answer.to_dict()

    @app.post("/v1/search")
    def search(request: SearchRequest) -> dict[str, Any]:
        metrics.count("qa_searches_total")
        hits = service.search(request.question, k=request.k)
        return {"question": request.question, "hits": [hit.to_dict() for hit in hits]}

    @app.post("/v1/feedback")
    def feedback(request: FeedbackRequest) -> dict[str, Any]:
        kept = service.give_feedback(request.feedback())
        metrics.count("qa_feedback_total")
        return {"id": kept.id}

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        try:
            documents = len(service.documents())
        except LibraryNotFound:
            documents = 0
        except QAError as error:
            return JSONResponse({"status": "failing", "message": str(error)}, 503)
        return JSONResponse({"status": "ok" if documents else "empty", "documents": documents})

    @app.get("/metrics")
    def expose() -> PlainTextResponse:
        return PlainTextResponse(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.exception_handler(QAError)
    def failed(_: Request, error: QAError) -> JSONResponse:
        metrics.count("qa_errors_total")
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        return JSONResponse({"error": {"type": type(error).__name__, "message": str(error)}}, status)


class Metrics:
    """Counters and one histogram in the Prometheus text format (version 0.0.4)."""

    BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
    _HELP: ClassVar[dict[str, str]] = {
        "qa_answers_total": "Questions answered with a quote.",
        "qa_abstentions_total": "Questions answered with: not in these documents.",
        "qa_searches_total": "Searches for passages.",
        "qa_feedback_total": "Verdicts given on answers.",
        "qa_errors_total": "Requests that ended in an error of the service.",
    }

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = Counter(dict.fromkeys(self._HELP, 0))
        self._buckets = [0] * len(self.BUCKETS)
        self._seconds = 0.0
        self._asked = 0

    def count(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1

    def observe(self, answer: Answer, seconds: float) -> None:
        """Count one answer and the seconds it took."""
        self.count("qa_answers_total" if answer.answered else "qa_abstentions_total")
        with self._lock:
            self._asked += 1
            self._seconds += seconds
            for place, limit in enumerate(self.BUCKETS):
                self._buckets[place] += seconds <= limit

    def text(self) -> str:
        with self._lock:
            lines = []
            for name, words in self._HELP.items():
                lines += [f"# HELP {name} {words}", f"# TYPE {name} counter", f"{name} {self._counts[name]}"]
            name = "qa_ask_seconds"
            lines += [f"# HELP {name} Seconds from question to answer.", f"# TYPE {name} histogram"]
            lines += [
                f'{name}_bucket{{le="{limit}"}} {count}'
                for limit, count in zip(self.BUCKETS, self._buckets, strict=True)
            ]
            lines += [f'{name}_bucket{{le="+Inf"}} {self._asked}']
            lines += [f"{name}_sum {self._seconds:.6f}", f"{name}_count {self._asked}"]
        return "\n".join(lines) + "\n"


# Plain ASGI, not BaseHTTPMiddleware: Gradio streams its events, and those must pass unbuffered.


class SecurityHeaders:
    """Adds ``SECURITY_HEADERS`` to every response; answers of ``/v1`` are not to be cached."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        private = scope["path"].startswith("/v1/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                if private:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)


class BasicAuth:
    """Asks for one name and password (RFC 7617), everywhere but at ``/healthz``."""

    def __init__(self, app: ASGIApp, *, name: str, password: str) -> None:
        self.app = app
        self._expected = base64.b64encode(f"{name}:{password}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] == "/healthz":
            await self.app(scope, receive, send)
            return
        kind, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        if kind.lower() == "basic" and secrets.compare_digest(given.strip().encode(), self._expected):
            await self.app(scope, receive, send)
            return
        challenge = {"WWW-Authenticate": 'Basic realm="qa", charset="UTF-8"'}
        response = PlainTextResponse("A name and a password are needed.", 401, challenge)
        await response(scope, receive, send)


class SameOrigin:
    """Refuses what a page of another site sends: browsers name that site in ``Origin``.

    Reading is prevented by the browser itself; adding documents or asking would not be.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != headers.get("host"):
                await PlainTextResponse("Requests from other sites are refused.", 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class BodyLimit:
    """Refuses a body of more than ``MAX_BODY_BYTES`` at ``/v1``, said or sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
            return
        body, more = b"", True
        while more and len(body) <= MAX_BODY_BYTES:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if len(body) > MAX_BODY_BYTES:
            error = {"type": "RequestTooLarge", "message": f"A request holds at most {MAX_BODY_BYTES} bytes."}
            await JSONResponse({"error": error}, 413)(scope, receive, send)
            return

        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, replay, send)
