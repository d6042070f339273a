"""The chat page: a question in, a quote in its passage out; files in, a report out.

What is shown is made by ``render``; here are only the components and what happens when.
"""

from __future__ import annotations

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by gradio when it is imported

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI

from qa.errors import LibraryNotFound, QAError, ScopeError
from qa.guard import PageGate
from qa.history import History
from qa.readers import READABLE, ocr
from qa.types import Answer, DocumentInfo, Explanation, Scope, Turn
from qa.web import render
from qa.web.conversations import Recall
from qa.web.examples import choose_examples
from qa.web.render import FileOutcome
from qa.web.service import OnProgress, Service, Talk, kept_for, may_edit
from qa.web.settings import PageSettings
from qa.web.strings import Strings, strings_of
from qa.web.trial import KINDS, MOST_QUESTIONS, run_trial
from qa.web.troubles import Trouble, trouble_of
from qa.web.uploads import follow, take_upload

ASKING_AT_ONCE = 16
WAITING_AT_MOST = 200
MAX_QUESTION_CHARS = 2000
CACHE_SECONDS = 3600
"""Uploads that were left in Gradio's cache go after an hour."""

_REFUSED_UNREAD = 4
"""Files so many times too large do not even get into the cache."""

_OTHER_SPELLINGS = {
    ".htm", ".xhtml", ".markdown", ".text", ".ndjson", ".docm", ".xlsm", ".pptm", ".jpeg", ".tiff",
}  # fmt: skip
"""Taken, but not worth naming beside .html, .md and .txt."""

_LOG = logging.getLogger(__name__)
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}

OnAnswer = Callable[[Answer, float], None]
Shown = Callable[[Strings], str]
"""A turn as HTML in the language of the strings."""


@dataclass
class Session:
    """A conversation of a browser tab, its turns as they are shown, and the id under which they are kept.

    A reader may ask on before the answer is there: questions take turns by the ``lock``.
    """

    talk: Talk
    turns: list[Shown] = field(default_factory=list)
    kept: str = ""
    unkept: list[Turn] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    """By which the log tells its turns from those of a conversation that its reader has left."""


@dataclass
class Tab:
    """One browser tab: the conversation that it shows.

    No event returns it: an answer that comes late would put back the conversation that its reader has left.
    """

    session: Session | None = None


def offered(*, pictures: bool) -> list[str]:
    """Return the extensions that the page names beside the box for uploads; ``pictures`` where tesseract is, too."""
    kinds = READABLE | (ocr.PICTURES if pictures and ocr.is_available() else set())
    return sorted(kinds - _OTHER_SPELLINGS)


class Page:
    """What happens on the page, free of components: every method returns values for them."""

    def __init__(self, service: Service, settings: PageSettings, on_answer: OnAnswer | None) -> None:
        self.service = service
        self.settings = settings
        self.on_answer = on_answer
        self._history = History(service.path)
        self._examples: tuple[tuple[str, ...], dict[str, tuple[str, ...]]] = ((), {})
        """Document ids, and the questions chosen for them: once for a state of the library."""

    def open(self, request: gr.Request) -> tuple[Any, ...]:
        """Return header, question box, upload limits and box, evaluation and its box, all in the reader's language.

        Nothing here needs the library: the page is there before it is loaded.
        """
        strings, edits = _strings(request), _edits(request)
        limits = render.render_upload_limits(
            offered(pictures=self.settings.pictures),
            self.settings.max_upload_mb,
            self.settings.max_uploads,
            strings,
        )
        return (
            render.render_header(strings, _user_name(request), keeps=_kept_for(request) is not None),
            gr.update(placeholder=strings.ask_placeholder, label=strings.ask_label),
            limits if edits else "",
            gr.update(visible=edits),
            render.render_evaluation(MOST_QUESTIONS, strings, edits=edits),
            gr.update(visible=edits),
        )

    def show(self, request: gr.Request) -> str:
        """Return the documents."""
        return self.documents(_strings(request), edits=_edits(request))

    def offer(self, request: gr.Request) -> str:
        """Return the examples, for which questions may have to be tried."""
        return self.examples(_strings(request))

    def switch(self, tab: Tab, request: gr.Request) -> tuple[Any, ...]:
        """Return what ``open`` and ``show`` return, examples and conversation, in the language that was just chosen."""
        strings = _strings(request)
        session = tab.session
        log = _log([turn(strings) for turn in session.turns], session) if session else ""
        return (*self.open(request), self.show(request), self.examples(strings), log)

    def ask(self, tab: Tab, scope: str, event: gr.EventData, request: gr.Request) -> Iterator[str]:
        """Yield the turn of a question: first while searching, then with the answer; at last where it is kept.

        ``scope`` is what ``scope.js`` keeps: the documents to ask, as JSON.
        """
        yield from self._ask(str(event.question), tab, scope, request)

    def ask_edited(self, tab: Tab, scope: str, event: gr.EventData, request: gr.Request) -> Iterator[str]:
        """Ask a reading as its reader has mended it, or what was suggested, of its document: as it is."""
        if event.within:
            scope = json.dumps({"within": [event.within]})
        yield from self._ask(str(event.question), tab, scope, request, alone=True)

    def _ask(
        self, question: str, tab: Tab, scope: str, request: gr.Request, *, alone: bool = False
    ) -> Iterator[str]:
        strings = _strings(request)
        question = question.strip()
        if not question:
            yield gr.skip()
            return
        session = tab.session = tab.session or Session(self.service.chat())
        place = len(session.turns)
        turn_id = f"turn-{place + 1}"
        session.turns.append(partial(render.render_pending, turn_id, question))
        yield _log([session.turns[place](strings)], session)
        with session.lock:
            session.turns[place], turn = self._turn(turn_id, question, session.talk, scope, alone=alone)
            session.unkept += [turn] if turn else []
        try:
            yield _log([session.turns[place](strings)], session)
        finally:  # the reader has the answer before it is written down
            self._keep(session, _kept_for(request))
        yield _log([], session)  # under which id

    def _keep(self, session: Session, user: str | None) -> None:
        """Keep new turns in the history of their user; if that fails, the conversation goes on without."""
        with session.lock:
            turns, session.unkept = session.unkept, []
            if user is None:
                return
            try:
                for turn in turns:
                    session.kept = self._history.keep(user, session.kept, turn)
            except QAError as error:
                _LOG.warning("A turn is not kept: %s", error)

    def reopen(self, tab: Tab, event: gr.EventData, request: gr.Request) -> str:
        """Return the log of a conversation that was kept, or of a new one if none is named; the tab goes to it."""
        strings, user, wanted = _strings(request), _kept_for(request), str(event.conversation)
        left, opened, shown = tab.session, Session(self.service.chat()), [""]
        if wanted and user is not None:
            try:
                opened = self._reopened(user, wanted)
                shown = [turn(strings) for turn in opened.turns]
            except QAError as error:
                shown = [render.render_alert(trouble_of(error, strings), strings)]
        tab.session = opened
        return render.render_conversation(
            shown, opened.token, kept=opened.kept, left=left.token if left else ""
        )

    def _reopened(self, user: str, conversation: str) -> Session:
        recall = Recall(self.service)
        turns: list[Turn] = []
        shown: list[Shown] = []
        for number, past in enumerate(self._history.read(user, conversation), 1):
            turn_id = f"turn-{number}"
            turn = recall.turn(past)
            if turn is None:
                shown.append(partial(render.render_lost, turn_id, past.question))
            else:
                turns.append(turn)
                shown.append(
                    partial(render.render_turn, turn_id, past.question, past.standalone, turn.answer)
                )
        return Session(self.service.chat(turns), shown, conversation)

    def _turn(
        self, turn_id: str, question: str, talk: Talk, scope: str, *, alone: bool = False
    ) -> tuple[Shown, Turn | None]:
        """Answer a question; return how it is shown, and what is to be kept: nothing of what failed."""
        failed = partial(_failure, turn_id, question)
        if len(question) > MAX_QUESTION_CHARS:
            shortened = question[:MAX_QUESTION_CHARS] + "…"
            return partial(_failure, turn_id, shortened, _too_long), None
        try:
            started = time.perf_counter()
            turn = talk.ask(question, alone=alone, scope=read_scope(scope))
            if self.on_answer:
                self.on_answer(turn.answer, time.perf_counter() - started)
        except LibraryNotFound:
            return partial(failed, _no_documents), None
        except QAError as error:
            return partial(failed, partial(trouble_of, error)), None
        except Exception:
            # The reader must not be left with "Searching…"; the trace belongs to whoever runs the server.
            _LOG.exception("A question on the page failed.")
            return partial(failed, lambda strings: Trouble(strings.unexpected)), None
        explained = _explanations(turn.answer)
        shown = partial(
            render.render_turn, turn_id, question, turn.standalone, turn.answer, explanations=explained
        )
        return shown, turn

    def upload(self, uploads: list[dict[str, Any]] | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Yield report, documents, upload box and examples: the report often, the rest at the end."""
        strings = _strings(request)
        if not _edits(request):
            raise gr.Error("Only editors add documents.")
        taken = (uploads or [])[: self.settings.max_uploads]
        note = ""
        if uploads and len(uploads) > len(taken):
            note = strings.too_many.format(total=len(uploads), count=len(taken))
        outcomes: list[FileOutcome] = []
        for upload in taken:
            file = Path(upload["path"])
            name = str(upload.get("orig_name") or file.name)
            for step in follow(partial(self._take, file, name, strings)):
                if isinstance(step, FileOutcome):
                    outcomes.append(step)
                    continue
                report = render.render_report(
                    outcomes, strings, total=len(taken), reading=name, share=step, note=note
                )
                yield report, gr.skip(), gr.skip(), gr.skip()
        report = render.render_report(outcomes, strings, total=len(taken), note=note)
        yield report, self.documents(strings, edits=True), None, self.examples(strings)

    def _take(self, file: Path, name: str, strings: Strings, on_progress: OnProgress) -> FileOutcome:
        if file.stat().st_size > self.settings.max_upload_mb * 1_000_000:
            too_large = strings.too_large.format(size=self.settings.max_upload_mb)
            return FileOutcome(name, "failed", Trouble(too_large))
        try:
            return take_upload(self.service, file, name, strings, on_progress=on_progress)
        except Exception:
            _LOG.exception("An upload failed.")
            return FileOutcome(name, "failed", Trouble(strings.unexpected))

    def evaluate(self, upload: dict[str, Any] | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Yield report and upload box: first how far the questions are asked, then the report."""
        strings = _strings(request)
        if not upload:
            return
        if not _edits(request):
            raise gr.Error("Only editors run question sets.")
        file = Path(upload["path"])
        name = str(upload.get("orig_name") or file.name)
        report: str | Trouble = Trouble(strings.unexpected)
        try:
            if file.stat().st_size > self.settings.max_upload_mb * 1_000_000:
                report = Trouble(strings.too_large.format(size=self.settings.max_upload_mb))
            else:
                for step in follow(partial(self._trial, file, name, strings)):
                    if isinstance(step, float):
                        yield render.render_evaluating(step, strings), gr.skip()
                    else:
                        report = step
        except Exception:
            _LOG.exception("An evaluation failed.")
        yield render.render_evaluated(report, name, strings), None

    def _trial(self, file: Path, name: str, strings: Strings, on_progress: OnProgress) -> str | Trouble:
        return run_trial(self.service, file, name, strings, on_progress=on_progress)

    def documents(self, strings: Strings, *, edits: bool) -> str:
        try:
            return render.render_documents(self._documents(), strings, edits=edits)
        except QAError as error:
            return render.render_alert(trouble_of(error, strings), strings)

    def examples(self, strings: Strings) -> str:
        try:
            documents = self._documents()
        except QAError:
            return ""  # the list of documents says what is wrong
        if not documents:
            return render.render_invitation(strings)
        return render.render_examples(self._chosen(documents, strings.lang), strings)

    def _chosen(self, documents: list[DocumentInfo], lang: str) -> tuple[str, ...]:
        ids = tuple(info.id for info in documents)
        known, chosen = self._examples
        if known != ids:
            chosen = {}
            self._examples = (ids, chosen)
        if lang not in chosen:
            chosen[lang] = choose_examples(self.service, self.settings.examples, documents, lang)
        return chosen[lang]

    def _documents(self) -> list[DocumentInfo]:
        try:
            return self.service.documents()
        except LibraryNotFound:
            return []  # made by the first upload


def build_page(
    service: Service, settings: PageSettings | None = None, *, on_answer: OnAnswer | None = None
) -> gr.Blocks:
    """Return the page over ``service``; ``on_answer`` is told every answer and its seconds."""
    page = Page(service, settings or PageSettings(), on_answer)
    blocks = gr.Blocks(
        analytics_enabled=False, title="qa", fill_width=True, delete_cache=(CACHE_SECONDS, CACHE_SECONDS)
    )
    with blocks:
        tab = gr.State(Tab())  # each tab gets a copy
        header = gr.HTML(apply_default_css=False, js_on_load=_asset("header.js"))
        with gr.Row(elem_id="ask", elem_classes="view"):
            with gr.Column(scale=1, elem_id="conversation"):
                examples = gr.HTML(apply_default_css=False, js_on_load=_asset("examples.js"))
                log = gr.HTML(
                    html_template='<div class="log" role="log" aria-live="polite"></div>',
                    js_on_load=_asset("log.js"),
                    apply_default_css=False,
                    elem_id="log",
                )
                with gr.Column(elem_id="asking"):
                    scope = gr.HTML(
                        "",
                        html_template='<div class="scope-and-more"></div>',
                        js_on_load=_asset("scope.js"),
                        apply_default_css=False,
                    )
                    question = gr.Textbox(
                        lines=1,
                        max_lines=5,
                        max_length=10
                        * MAX_QUESTION_CHARS,  # what is longer than may be asked is told, not cut
                        interactive=True,
                        submit_btn=True,
                        elem_id="question",
                    )
            with gr.Column(scale=1, elem_id="source"):
                gr.HTML(
                    html_template='<dialog class="pane"></dialog>',
                    js_on_load=_asset("source.js"),
                    apply_default_css=False,
                )
        with gr.Column(elem_id="history", elem_classes="view"):
            history = gr.HTML(
                html_template='<div class="kept"></div>',
                js_on_load=_asset("history.js"),
                apply_default_css=False,
            )
        with gr.Row(elem_id="documents", elem_classes="view"):
            with gr.Column(scale=3, elem_id="library"):
                documents = gr.HTML(apply_default_css=False, js_on_load=_asset("documents.js"))
            with gr.Column(scale=1, min_width=300, elem_id="adding"):
                limits = gr.HTML(apply_default_css=False)
                files_box = gr.File(
                    file_count="multiple", show_label=False, height=128, elem_id="upload", interactive=True
                )
                report = gr.HTML(apply_default_css=False, elem_id="report")
        with gr.Column(elem_id="evaluation", elem_classes="view"):
            evaluation = gr.HTML(apply_default_css=False)
            questions_box = gr.File(
                file_types=list(KINDS), show_label=False, height=128, elem_id="questions", interactive=True
            )
            results = gr.HTML(apply_default_css=False, js_on_load=_asset("evaluation.js"), elem_id="results")
        asking: dict[str, Any] = {
            "outputs": [log],
            "concurrency_limit": ASKING_AT_ONCE,
            "concurrency_id": "ask",
            "show_progress": "hidden",
            # By default the page swallows a question that comes before it has heard the end of the one before,
            # which is some time after the answer is seen.
            "trigger_mode": "multiple",
            **_PRIVATE,
        }
        opened = [header, question, limits, files_box, evaluation, questions_box]
        blocks.load(page.open, outputs=opened, queue=False, show_progress="hidden", **_PRIVATE)
        blocks.load(page.show, outputs=[documents], queue=False, show_progress="hidden", **_PRIVATE)
        blocks.load(page.offer, outputs=[examples], queue=False, show_progress="hidden", **_PRIVATE)
        header.select(
            page.switch,
            [tab],
            [*opened, documents, examples, log],
            queue=False,
            show_progress="hidden",
            **_PRIVATE,
        )
        # The box does not ask by itself: log.js takes the question and empties it at once. An empty box that comes
        # from the server would take along what was typed since.
        for asked in (
            log.submit(page.ask, [tab, scope], **asking),
            log.edit(page.ask_edited, [tab, scope], **asking),
        ):
            asked.failure(None, js='() => void document.dispatchEvent(new Event("qa-unheard"))', **_PRIVATE)
        history.select(page.reopen, [tab], [log], queue=False, show_progress="hidden", **_PRIVATE)
        # One file at a time: a library has one writer.
        files_box.upload(
            page.upload,
            [files_box],
            [report, documents, files_box, examples],
            preprocess=False,
            concurrency_limit=1,
            show_progress="hidden",  # the report shows it
            **_PRIVATE,
        )
        questions_box.upload(
            page.evaluate,
            [questions_box],
            [results, questions_box],
            preprocess=False,
            concurrency_limit=1,
            show_progress="hidden",  # the report shows it
            **_PRIVATE,
        )
    blocks.queue(max_size=WAITING_AT_MOST, default_concurrency_limit=ASKING_AT_ONCE, api_open=False)
    return blocks


def mount_page(app: FastAPI, blocks: gr.Blocks, settings: PageSettings | None = None) -> FastAPI:
    """Return ``app`` with the page at ``/``: no telemetry, no share link, no files of this machine."""
    settings = settings or PageSettings()
    # Gradio checks that a file named in a request was uploaded only for what it launched by itself: without
    # this, anyone who can ask a question can name, and then read, every file of this machine.
    blocks.has_launched = True
    mounted: Any = gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=_theme(),
        css=_asset("style.css"),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        show_error=False,  # what went wrong inside is for the log, not for a stranger
        # Gradio refuses a whole upload in its own words; up to here we refuse one file in the reader's.
        max_file_size=f"{_REFUSED_UNREAD * settings.max_upload_mb}mb",
    )
    mount = mounted.routes[-1]
    mount.app = PageGate(mount.app, blocks.fns, partial(_forget, blocks))
    return app


def _forget(blocks: gr.Blocks, session: str) -> None:
    """Let go of what Gradio keeps of a session: its state, and what was to be said and nobody listened to."""
    blocks._queue.pending_messages_per_session.pop(session, None)
    blocks._queue.pending_event_ids_session.pop(session, None)
    blocks.state_holder.session_data.pop(session, None)
    blocks.state_holder.time_last_used.pop(session, None)


def _theme() -> gr.themes.Base:
    """Return a plain theme of system fonts: nothing is fetched, and every script has its face."""
    sans = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "sans-serif"]
    mono = ["ui-monospace", "Menlo", "Consolas", "Noto Sans Mono", "monospace"]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=sans, font_mono=mono)


def _log(turns: Sequence[str], session: Session) -> str:
    return render.render_conversation(turns, session.token, kept=session.kept)


def _asset(name: str) -> str:
    return files("qa.web").joinpath(name).read_text(encoding="utf-8")


def _strings(request: gr.Request) -> Strings:
    """Return the strings of the language that the reader chose on the page, or else the browser's."""
    return strings_of(request.headers)


def _user_name(request: gr.Request) -> str:
    """Return who signed in; nothing where nobody does."""
    user = _asgi(request).get("user")
    return user.name if user is not None else ""


def _kept_for(request: gr.Request) -> str | None:
    """Return for whom conversations are kept, None for nobody."""
    return kept_for(_asgi(request))


def _edits(request: gr.Request) -> bool:
    return may_edit(_asgi(request))


def _asgi(request: gr.Request) -> Mapping[str, Any]:
    """Return the ASGI scope of what gradio wraps."""
    inside: Any = request.request
    scope: Mapping[str, Any] = inside.scope
    return scope


def read_scope(text: str) -> Scope | None:
    """Return the scope that a page sent as JSON, None for all documents.

    Raises:
        ScopeError: it is none, or a date in it is none.
    """
    try:
        fields = json.loads(text) if text else {}
        names = [[str(name) for name in fields.get(each, [])] for each in ("within", "languages")]
        dates = [str(fields.get(each, "")) for each in ("since", "until")]
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise ScopeError(f"The scope of the question cannot be read: {error}.") from error
    return Scope(tuple(names[0]), tuple(names[1]), dates[0], dates[1]) or None


def _explanations(answer: Answer) -> list[Explanation]:
    """Return why the quoted passage was found, and the next one; nothing where that cannot be told."""
    if answer.quote is None:
        return []
    try:
        return [hit.explain() for hit in answer.hits[:2]]
    except QAError:
        return []


def _failure(turn_id: str, question: str, trouble: Callable[[Strings], Trouble], strings: Strings) -> str:
    return render.render_failure(turn_id, question, trouble(strings), strings)


def _no_documents(strings: Strings) -> Trouble:
    return Trouble(f"{strings.no_documents}. {strings.no_documents_note}")


def _too_long(strings: Strings) -> Trouble:
    return Trouble(strings.question_too_long.format(count=MAX_QUESTION_CHARS))
