"""The HTTP service: ``/v1/ask``, ``/v1/search``, ``/v1/feedback``, ``/healthz``, ``/metrics``, and the page at ``/``.

A few lines each over ``QA``. What stands between them and the network is in ``qa.guard``.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from qa.errors import (
    ConversationNotFound,
    DocumentNotFound,
    EncoderMismatch,
    FeedbackError,
    HistoryError,
    LibraryGone,
    LibraryLocked,
    LibraryNotFound,
    QAError,
    QuestionError,
    ScopeError,
)
from qa.feedback import LONGEST_ID, LONGEST_TEXT, MOST_MARKS, Feedback
from qa.guard import Access, guarded, refusal
from qa.history import History
from qa.types import Answer, Span
from qa.types import Scope as DocumentScope
from qa.users import Users
from qa.web.conversations import FORMS, Recall, as_records
from qa.web.service import Service, kept_for, may_edit
from qa.web.settings import PageSettings
from qa.web.strings import strings_of

MAX_QUESTION_CHARS = 2000
MOST_NAMES = 100
"""Folders, documents or languages in the scope of one question."""
_STATUS: tuple[tuple[type[QAError], int], ...] = (
    (QuestionError, 400),
    (ScopeError, 400),
    (FeedbackError, 507),
    (HistoryError, 507),
    (ConversationNotFound, 404),
    (DocumentNotFound, 404),
    (EncoderMismatch, 409),
    (LibraryNotFound, 503),
    (LibraryGone, 503),
    (LibraryLocked, 503),
)


Name = Annotated[str, Field(min_length=1, max_length=1000)]


Form = Literal["markdown", "jsonl", "csv"]


class AskRequest(BaseModel):
    """A question, and the documents that it is asked of: all, unless a scope is given."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARS)
    within: list[Name] = Field(default=[], max_length=MOST_NAMES)
    languages: list[Name] = Field(default=[], max_length=MOST_NAMES)
    since: str = Field(default="", max_length=10)
    until: str = Field(default="", max_length=10)

    def scope(self) -> DocumentScope | None:
        return DocumentScope(tuple(self.within), tuple(self.languages), self.since, self.until) or None


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
    replaces: str = Field(default="", max_length=LONGEST_ID)

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
            replaces=self.replaces,
        )


def create_app(
    service: Service,
    *,
    page: bool = True,
    settings: PageSettings | None = None,
    access: Access | None = None,
) -> ASGIApp:
    """Return the ASGI application over ``service``, behind what ``qa.guard`` puts before it.

    ``access`` says who may reach it, by default what only this machine reaches; ``settings`` are the page's.
    """
    # No /docs: those pages load their scripts from another host.
    app = FastAPI(title="qa", docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json")
    metrics = Metrics()
    _add_routes(app, service, metrics)
    if page:
        from qa.web.page import build_page, mount_page
        from qa.web.routes import add_page_routes

        add_page_routes(app, service)
        mount_page(app, build_page(service, settings, on_answer=metrics.observe), settings)
    return guarded(app, access or Access(Users(service.path)))


def _add_routes(app: FastAPI, service: Service, metrics: Metrics) -> None:
    @app.post("/v1/ask")
    def ask(request: AskRequest) -> dict[str, Any]:
        started = time.perf_counter()
        answer = service.ask(request.question, scope=request.scope())
        metrics.observe(answer, time.perf_counter() - started)
        return answer.to_dict()

    @app.post("/v1/search")
    def search(request: SearchRequest) -> dict[str, Any]:
        metrics.count("qa_searches_total")
        hits = service.search(request.question, k=request.k, scope=request.scope())
        return {"question": request.question, "hits": [hit.to_dict() for hit in hits]}

    @app.post("/v1/feedback")
    def feedback(request: FeedbackRequest) -> dict[str, Any]:
        kept = service.give_feedback(request.feedback())
        metrics.count("qa_feedback_total")
        return {"id": kept.id}

    @app.get("/v1/documents")
    def documents() -> dict[str, Any]:
        listed = service.documents()
        # Where a file lies on the server is nobody's business who asks over the network.
        lines = [{name: value for name, value in asdict(info).items() if name != "path"} for info in listed]
        return {
            "documents": lines,
            "passages": sum(info.passages for info in listed),
        }

    @app.delete("/v1/documents/{document_id}", response_model=None)
    def remove(document_id: str, request: Request) -> dict[str, Any] | Response:
        if not may_edit(request.scope):
            return refusal(403, "ReadersOnly", "Only editors remove documents.")
        return asdict(service.remove(document_id))

    _add_conversations(app, service)

    @app.get("/healthz")
    def healthz(request: Request) -> JSONResponse:
        known = request.scope.get("user") is not None  # others learn that it works, and no more
        try:
            documents = len(service.documents())
        except LibraryNotFound:
            documents = 0
        except QAError as error:
            return JSONResponse({"status": "failing", **({"message": str(error)} if known else {})}, 503)
        status = "ok" if documents else "empty"
        return JSONResponse({"status": status, **({"documents": documents} if known else {})})

    @app.get("/metrics")
    def expose() -> PlainTextResponse:
        return PlainTextResponse(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.exception_handler(RequestValidationError)
    def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        # What was sent is not sent back: it may be large, or nothing that JSON can hold.
        places = [(".".join(map(str, each["loc"][1:])) or "body", each["msg"]) for each in error.errors()]
        message = "; ".join(f"{place}: {words}" for place, words in places[:5])
        return JSONResponse({"error": {"type": "RequestError", "message": message}}, 422)

    @app.exception_handler(HTTPException)
    def refused(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": {"type": "RequestError", "message": error.detail}}, error.status_code)

    @app.exception_handler(RecursionError)
    def too_deep(_: Request, error: RecursionError) -> JSONResponse:
        return JSONResponse(
            {"error": {"type": "RequestError", "message": "The JSON is nested too deeply."}}, 400
        )

    @app.exception_handler(QAError)
    def failed(_: Request, error: QAError) -> JSONResponse:
        metrics.count("qa_errors_total")
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        return JSONResponse({"error": {"type": type(error).__name__, "message": str(error)}}, status)


def _add_conversations(app: FastAPI, service: Service) -> None:
    """Add the conversations that are kept for who asks; nobody reaches those of others."""
    history = History(service.path)

    @app.get("/v1/conversations")
    def conversations(request: Request) -> dict[str, Any]:
        user = kept_for(request.scope)
        return {
            "conversations": [asdict(each) for each in history.conversations(user)]
            if user is not None
            else []
        }

    @app.get("/v1/conversations/{conversation}/{form}", response_model=None)
    def export(conversation: str, form: Form, request: Request) -> Response:
        user = _keeper(request)
        wanted = (
            [each.id for each in history.conversations(user)] if conversation == "all" else [conversation]
        )
        turns = [turn for each in wanted for turn in history.read(user, each)]
        write, media_type, extension = FORMS[form]
        records = as_records(turns, Recall(service), str(request.base_url))
        name = f"qa-{datetime.now(UTC):%Y-%m-%d}.{extension}"
        return Response(
            write(records, strings_of(request.headers)).encode("utf-8", "replace"),
            media_type=f"{media_type}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @app.delete("/v1/conversations/{conversation}")
    def remove_conversation(conversation: str, request: Request) -> dict[str, Any]:
        return {"id": conversation, "turns": history.remove(_keeper(request), conversation)}


def _keeper(request: Request) -> str:
    """Return for whom conversations are kept.

    Raises:
        ConversationNotFound: for nobody.
    """
    user = kept_for(request.scope)
    if user is None:
        raise ConversationNotFound("No conversations are kept for who does not sign in.")
    return user


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
