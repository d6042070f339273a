"""The HTTP service: answers as JSON, errors as sentences, and nothing for those who are not meant."""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from qa import QA
from qa.config import Config
from qa.errors import ConfigError, LibraryLocked, QAError
from qa.feedback import FeedbackStore
from qa.guard import MAX_BODY_BYTES, SECURITY_HEADERS, Access
from qa.server import Metrics, create_app
from qa.types import Answer, DocumentInfo, IndexReport, Span
from qa.users import Users
from qa.web import is_loopback, launch, listen, uploads
from qa.web.examples import by_script, choose_examples, read_examples
from qa.web.render import FileOutcome
from qa.web.service import OnProgress
from qa.web.strings import EN, FR
from qa.web.troubles import Trouble
from qa.web.uploads import MAX_NAME_BYTES, follow, safe_name, take_upload
from tests.made_files import zip_of
from tests.web_fakes import FakeQA, demo


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(demo(tmp_path), page=False), base_url="http://127.0.0.1") as client:
        yield client


def test_ask_returns_the_answer_with_its_place(client: TestClient, tmp_path: Path) -> None:
    body = client.post("/v1/ask", json={"question": "How did the council vote?"}).json()
    text = demo(tmp_path).texts["reading-room.txt"]
    quote = body["quote"]
    assert body["answered"] is True
    assert quote["text"] == text[quote["start"] : quote["end"]]
    assert set(body) == {"question", "answered", "confidence", "reason", "quote", "hits"}


def test_ask_abstains_with_200_and_no_quote(client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": "Who won the chess game?"})
    assert response.status_code == 200
    assert response.json()["quote"] is None
    assert response.json()["hits"]


def test_search_returns_k_hits_in_order(client: TestClient) -> None:
    body = client.post("/v1/search", json={"question": "council", "k": 2}).json()
    assert [hit["rank"] for hit in body["hits"]] == [1, 2]


@pytest.mark.parametrize(
    "body",
    [{}, {"question": ""}, {"question": "x" * 2001}, {"question": "x", "surprise": 1}, {"question": 7}, []],
)
def test_malformed_request_is_refused(client: TestClient, body: object) -> None:
    assert client.post("/v1/ask", json=body).status_code == 422


@pytest.mark.parametrize("k", [0, -1, 101, "many"])
def test_k_out_of_range_is_refused(client: TestClient, k: object) -> None:
    assert client.post("/v1/search", json={"question": "x", "k": k}).status_code == 422


def test_a_verdict_on_an_answer_is_kept(client: TestClient, tmp_path: Path) -> None:
    quote = client.post("/v1/ask", json={"question": "How did the council vote?"}).json()["quote"]
    place = {name: quote[name] for name in ("document_id", "start", "end", "highlights")}
    sent = {"question": "How did the council vote?", "verdict": "wrong", "expected": "by hand", **place}
    response = client.post("/v1/feedback", json=sent)
    assert response.status_code == 200
    (kept,) = FeedbackStore(tmp_path).read()
    assert response.json() == {"id": kept.id}
    assert (kept.verdict, kept.expected, kept.answered) == ("wrong", "by hand", True)
    assert (kept.span, kept.document_id) == (Span(quote["start"], quote["end"]), quote["document_id"])
    assert "qa_feedback_total 1" in client.get("/metrics").text


@pytest.mark.parametrize(
    "more",
    [
        {"verdict": "perhaps"},
        {"verdict": "right", "start": 3},
        {"verdict": "right", "start": 3, "end": 2},
        {"verdict": "right", "start": -1, "end": 2},
        {"verdict": "right", "highlights": [[3, 1]]},
        {"verdict": "right", "highlights": [[1, 2]] * 51},
        {"verdict": "right", "note": "x" * 2001},
        {"verdict": "right", "replaces": "x" * 17},
        {"verdict": "right", "confidence": 2},
        {"verdict": "right", "surprise": 1},
    ],
)
def test_a_malformed_verdict_is_refused(client: TestClient, tmp_path: Path, more: dict[str, object]) -> None:
    assert client.post("/v1/feedback", json={"question": "x", **more}).status_code == 422
    assert not (tmp_path / "feedback.jsonl").exists()


def test_documents_are_listed_and_removed_with_a_receipt(client: TestClient) -> None:
    listed = client.get("/v1/documents").json()
    assert [info["source"] for info in listed["documents"]][:2] == ["人民日报 第6版.txt", "reading-room.txt"]
    assert listed["passages"] == sum(info["passages"] for info in listed["documents"])
    document = listed["documents"][0]
    receipt = client.delete(f"/v1/documents/{document['id']}").json()
    assert receipt == {
        "source": document["source"],
        "document_id": document["id"],
        **dict.fromkeys(("passages", "vectors", "postings"), 2),
    }
    assert client.delete(f"/v1/documents/{document['id']}").status_code == 404
    assert len(client.get("/v1/documents").json()["documents"]) == len(listed["documents"]) - 1


def test_form_from_another_site_is_not_taken_for_a_question(client: TestClient) -> None:
    # What a page elsewhere can send without being asked for permission: a form, or text/plain.
    text = json.dumps({"question": "council"})
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert client.post("/v1/ask", content=text, headers={"Content-Type": kind}).status_code == 422
        verdict = json.dumps({"question": "council", "verdict": "right"})
        assert client.post("/v1/feedback", content=verdict, headers={"Content-Type": kind}).status_code == 422


def test_error_is_one_sentence_with_a_fitting_status(tmp_path: Path) -> None:
    client = TestClient(create_app(FakeQA(tmp_path), page=False), base_url="http://localhost")
    response = client.post("/v1/ask", json={"question": "council"})
    assert response.status_code == 503
    assert response.json()["error"]["type"] == "LibraryNotFound"
    assert "qa index" in response.json()["error"]["message"]
    blank = client.post("/v1/ask", json={"question": "   "})
    assert blank.status_code == 400


def test_body_is_limited_whether_it_says_its_length_or_not(client: TestClient) -> None:
    big = b" " * (MAX_BODY_BYTES + 1)
    headers = {"Content-Type": "application/json"}
    assert client.post("/v1/ask", content=big, headers=headers).status_code == 413
    pieces = (big[: len(big) // 2] for _ in range(3))
    assert client.post("/v1/ask", content=pieces, headers=headers).status_code == 413


def test_health_of_full_empty_and_failing_libraries(client: TestClient, tmp_path: Path) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "documents": 5}
    empty = TestClient(create_app(FakeQA(tmp_path), page=False), base_url="http://localhost")
    assert empty.get("/healthz").json() == {"status": "empty", "documents": 0}

    class Failing(FakeQA):
        def documents(self) -> list[DocumentInfo]:
            raise LibraryLocked("Process 7 is writing.")

    failing = TestClient(create_app(Failing(tmp_path), page=False), base_url="http://localhost")
    assert failing.get("/healthz").status_code == 503
    assert failing.get("/healthz").json()["message"] == "Process 7 is writing."


def test_metrics_count_answers_abstentions_searches_and_errors(client: TestClient) -> None:
    client.post("/v1/ask", json={"question": "council"})
    client.post("/v1/ask", json={"question": "chess"})
    client.post("/v1/ask", json={"question": " "})
    client.post("/v1/search", json={"question": "chess"})
    response = client.get("/metrics")
    lines = response.text.splitlines()
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "qa_answers_total 1" in lines
    assert "qa_abstentions_total 1" in lines
    assert "qa_searches_total 1" in lines
    assert "qa_errors_total 1" in lines
    assert "qa_ask_seconds_count 2" in lines
    assert 'qa_ask_seconds_bucket{le="+Inf"} 2' in lines


def test_histogram_buckets_are_cumulative() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.03, 0.03, 99.0):
        metrics.observe(Answer("q", None, 0.0, "", ()), seconds)
    lines = metrics.text().splitlines()
    assert 'qa_ask_seconds_bucket{le="0.005"} 1' in lines
    assert 'qa_ask_seconds_bucket{le="0.05"} 3' in lines
    assert 'qa_ask_seconds_bucket{le="5.0"} 3' in lines
    assert 'qa_ask_seconds_bucket{le="+Inf"} 4' in lines


def test_every_response_carries_the_security_headers(client: TestClient) -> None:
    for response in (client.get("/healthz"), client.get("/nothing"), client.post("/v1/ask", json={})):
        for name, value in SECURITY_HEADERS.items():
            assert response.headers[name] == value
    assert client.post("/v1/ask", json={"question": "x"}).headers["Cache-Control"] == "no-store"


def test_another_name_for_this_machine_gets_nothing(client: TestClient) -> None:
    # DNS rebinding: a page of evil.example whose name was pointed at 127.0.0.1 after it had loaded.
    for host in (
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "",
    ):
        assert client.get("/healthz", headers={"Host": host}).status_code == 400
    for host in ("localhost", "LOCALHOST:80", "127.0.0.1:7860", "[::1]:7860", "192.168.1.5:7860"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_name_that_is_set_is_answered_to(tmp_path: Path) -> None:
    app = create_app(demo(tmp_path), page=False, access=Access(Users(tmp_path), hosts=("qa.example.org",)))
    assert TestClient(app, base_url="http://qa.example.org").get("/healthz").status_code == 200
    assert TestClient(app, base_url="http://evil.example.org").get("/healthz").status_code == 400


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9999", ""])
def test_page_of_another_site_can_send_nothing(client: TestClient, origin: str) -> None:
    question = {"question": "council"}
    assert client.post("/v1/ask", json=question, headers={"Origin": origin}).status_code == 403
    assert client.post("/v1/ask", json=question, headers={"Origin": "http://127.0.0.1"}).status_code == 200
    for method in ("GET", "OPTIONS"):
        asked = client.request(method, "/healthz", headers={"Origin": origin})
        assert asked.status_code == 403
        assert not [name for name in asked.headers if name.startswith("access-control")]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_can_link_here_and_embed_nothing(client: TestClient, site: str) -> None:
    embedding = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert client.get("/healthz", headers=embedding).status_code == 403
    following = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get("/healthz", headers=following).status_code == 200
    assert client.post("/v1/ask", json={"question": "council"}, headers=following).status_code == 403


def test_program_signs_in_with_a_name_and_a_password_everywhere_but_at_the_health_check(
    tmp_path: Path,
) -> None:
    users = Users(tmp_path)
    users.put("librarian", "reader", "pä:ss-wörd")
    client = TestClient(create_app(demo(tmp_path), page=False), base_url="http://localhost")
    for path in ("/", "/metrics", "/v1/openapi.json"):
        response = client.get(path)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic")
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/metrics", auth=("librarian", "pass-word")).status_code == 401
    assert client.get("/metrics", auth=("nobody", "pass-word")).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Basic %%%"}).status_code == 401
    good = {"Authorization": f"Basic {base64.b64encode('librarian:pä:ss-wörd'.encode()).decode()}"}
    assert client.get("/metrics", headers=good).status_code == 200
    assert client.get("/healthz", headers=good).json() == {"status": "ok", "documents": 5}
    users.put("librarian", "reader", "another word")
    assert client.get("/metrics", headers=good).status_code == 401


def test_users_that_are_gone_or_damaged_do_not_open_a_server(tmp_path: Path) -> None:
    users = Users(tmp_path)
    users.put("anna", "reader", None)
    client = TestClient(create_app(demo(tmp_path), page=False), base_url="http://localhost")
    users.path.write_text("{")
    response = client.get("/metrics")
    assert response.status_code == 503
    assert str(tmp_path) not in response.text
    users.path.unlink()
    assert client.get("/metrics").status_code == 401
    users.path.write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        launch(demo(tmp_path), Config(port=0))


def test_session_cookie_is_for_https_only_where_the_proxy_speaks_it(tmp_path: Path) -> None:
    Users(tmp_path).put("anna", "reader", "tall green reeds")
    access = Access(Users(tmp_path), proxies=("10.0.0.0/8",))
    app = create_app(demo(tmp_path), page=False, access=access)
    form = {"name": "anna", "password": "tall green reeds"}
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    for peer, secure in (("10.1.2.3", True), ("192.0.2.1", False)):
        client = TestClient(app, base_url="http://localhost", client=(peer, 50000), follow_redirects=False)
        cookie = client.post("/login", data=form, headers=headers).headers["Set-Cookie"]
        assert ("; secure" in cookie.lower()) is secure


def test_failures_behind_a_proxy_are_counted_for_each_caller(tmp_path: Path) -> None:
    Users(tmp_path).put("anna", "reader", "tall green reeds")
    app = create_app(demo(tmp_path), page=False, access=Access(Users(tmp_path), proxies=("10.0.0.1",)))
    client = TestClient(app, base_url="http://localhost", client=("10.0.0.1", 50000))

    def status(caller: str, password: str) -> int:
        headers = {"X-Forwarded-For": caller}
        return client.get("/metrics", auth=("anna", password), headers=headers).status_code

    answers = [
        status("203.0.113.9", "wrong") for _ in range(14)
    ]  # some: while hashing, others are allowed again
    assert answers[:10] == [401] * 10
    assert 429 in answers
    assert status("203.0.113.8", "tall green reeds") == 200


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"user_header": "X-User"}, "trusted_proxies"),
        ({"trusted_proxies": "the proxy"}, "'the proxy'"),
        ({"host": "0.0.0.0", "trusted_proxies": "10.0.0.1"}, "qa user add"),
        ({"port": 0, "certificate": "missing.pem", "key": "missing.pem"}, r"missing\.pem"),
    ],
)
def test_settings_that_protect_nothing_are_refused(
    tmp_path: Path, settings: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        launch(demo(tmp_path), Config(**settings))


def test_no_documentation_pages_that_load_from_elsewhere(client: TestClient) -> None:
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404
    assert set(client.get("/v1/openapi.json").json()["paths"]) == {
        "/v1/ask",
        "/v1/search",
        "/v1/feedback",
        "/v1/documents",
        "/v1/documents/{document_id}",
        "/v1/conversations",
        "/v1/conversations/{conversation}",
        "/v1/conversations/{conversation}/{form}",
        "/healthz",
        "/metrics",
    }


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.0.0.1.evil.org"])
def test_reachable_host_is_refused_unless_allowed(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match="--allow-remote"):
        launch(FakeQA(tmp_path), Config(host=host))


def test_indexes_are_loaded_before_the_first_question(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from qa.config import Config
from qa.web import launch
from tests.web_fakes import FakeQA, demo
class Watched(FakeQA):
    def search(self, question, **more):
        print("searched", flush=True)
        return super().search(question, **more)
path = Path(sys.argv[1])
launch(Watched(path, texts=demo(path).texts), Config(port=0))
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "searched\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.1.2.3"])
def test_loopback_hosts(host: str) -> None:
    assert is_loopback(host)


def test_taken_port_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} on 127.0.0.1 is taken.*--port {port + 1}"):
            listen("127.0.0.1", port)


def test_unknown_host_is_an_error_in_words() -> None:
    with pytest.raises(ConfigError, match=r"Cannot listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 0)


def test_importing_the_server_and_the_web_edge_loads_no_gradio() -> None:
    code = "import sys, qa.web, qa.server; sys.exit(bool({'gradio', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- uploads ---


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("报告（终稿） 😀.txt", "报告（终稿） 😀.txt"),
        ("می‌خواهم.docx", "می‌خواهم.docx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\notes.txt", "notes.txt"),
        ("..", "document"),
        ("", "document"),
        (".hidden.txt", "hidden.txt"),
        ("a\x00b\nc.txt", "a_b_c.txt"),
        ("what?<is>|this*.md", "what__is__this_.md"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
        ("CON.txt", "_CON.txt"),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
        ("name. ", "name"),
    ],
)
def test_safe_name(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["字" * 300 + ".html", "x" * 1000, "a." + "b" * 1000, "😀" * 99 + ".pdf"])
def test_long_name_is_cut_to_what_a_file_system_takes(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= MAX_NAME_BYTES
    assert Path(safe).name == safe
    if len(Path(name).suffix) < 10:
        assert Path(safe).suffix == Path(name).suffix


def _upload(folder: Path, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "cached"
    file.write_bytes(content)
    return file


def test_upload_is_kept_under_the_library_and_added_then_unchanged_then_updated(tmp_path: Path) -> None:
    service = FakeQA(tmp_path / "index")
    cache = tmp_path / "cache"
    outcomes = [
        take_upload(service, _upload(cache, content), "a b.txt", EN).outcome
        for content in (b"one", b"one", b"two")
    ]
    assert outcomes == ["added", "unchanged", "updated"]
    assert [file.name for file in (tmp_path / "index" / "uploads").iterdir()] == ["a b.txt"]
    assert (tmp_path / "index" / "uploads" / "a b.txt").read_bytes() == b"two"
    assert not list(cache.iterdir())


def test_unreadable_upload_leaves_nothing_or_what_was_there_before(tmp_path: Path) -> None:
    service = FakeQA(tmp_path)
    cache = tmp_path / "cache"
    bad = b"\xff\xfe\x00\xd8"
    outcome = take_upload(service, _upload(cache, bad), "a.txt", FR)
    assert outcome == FileOutcome("a.txt", "failed", Trouble(FR.trouble_file, "a.txt: this is no text."))
    assert not list((tmp_path / "uploads").iterdir())
    take_upload(service, _upload(cache, b"good"), "a.txt", EN)
    assert take_upload(service, _upload(cache, bad), "a.txt", EN).outcome == "failed"
    assert [file.read_bytes() for file in (tmp_path / "uploads").iterdir()] == [b"good"]


def test_an_archive_of_which_some_can_be_read_is_kept(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(zip_of({"good.txt": b"The harbour was opened in 1902.", "bad.docx": b"no docx"}))
    with QA.open(tmp_path / "index") as qa:
        outcome = take_upload(qa, archive, "a.zip", EN)
        assert outcome.outcome == "added"
        assert outcome.trouble
        assert "bad.docx is no Word document" in outcome.trouble.sentence
        assert [document.source for document in qa.documents()] == ["a.zip/good.txt"]


def test_upload_into_a_locked_library_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    class Locked(FakeQA):
        def add(self, path: Path, *, on_progress: OnProgress | None = None) -> IndexReport:
            raise LibraryLocked("Process 7 is writing to the library. Try again when it is done.")

    outcome = take_upload(Locked(tmp_path), _upload(tmp_path / "cache", b"text"), "a.txt", EN)
    assert outcome.outcome == "failed"
    assert outcome.trouble is not None
    assert "Process 7" in outcome.trouble.sentence
    assert not list((tmp_path / "uploads").iterdir())


def test_work_is_followed_to_its_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SECONDS_BETWEEN_REPORTS", 0.01)
    looked = threading.Event()

    def work(on_progress: OnProgress) -> FileOutcome:
        on_progress(1, 4, "a.txt")
        assert looked.wait(10)
        return FileOutcome("a.txt", "added")

    steps = []
    for step in follow(work):
        steps.append(step)
        if step == 0.25:
            looked.set()
    assert 0.25 in steps
    assert steps[-1] == FileOutcome("a.txt", "added")


# --- example questions ---


def test_examples_are_read_from_plain_lines_and_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"id": 1, "question": "多少？"}\n\nHow many?\n', encoding="utf-8")
    assert read_examples(file) == ("多少？", "How many?")


@pytest.mark.parametrize("line", ['{"id": 1}', "{broken", '{"question": '])
def test_bad_example_file_is_an_error_in_words(tmp_path: Path, line: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"questions\.jsonl"):
        read_examples(file)
    with pytest.raises(ConfigError, match="missing"):
        read_examples(tmp_path / "missing")


def test_questions_without_answers_are_no_examples(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    lines = ({"question": "A?", "answers": ["a"]}, {"question": "B?", "answers": []}, {"question": "C?"})
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert read_examples(file) == ("A?", "C?")


def test_questions_are_grouped_by_script_the_largest_group_first() -> None:
    questions = ["كم؟", "One?", "几个？", "Two?", "多少？", "Three?"]
    assert by_script(questions) == [["One?", "Two?", "Three?"], ["几个？", "多少？"], ["كم؟"]]


def test_a_few_given_examples_are_shown_as_they_are(tmp_path: Path) -> None:
    service = demo(tmp_path)
    assert choose_examples(service, ["Nothing answers this"], service.documents(), "ja") == (
        "Nothing answers this",
    )


def test_of_many_given_examples_those_answered_are_shown_the_readers_language_first(tmp_path: Path) -> None:
    service = demo(tmp_path)
    given = [
        "席はいくつですか？",
        "Nothing",
        "council one",
        "council two",
        "谁赢了？",
        "生产总值？",
        "council three",
    ]
    chosen = ("council one", "生产总值？", "席はいくつですか？", "council two")
    assert choose_examples(service, given, service.documents(), "en") == chosen
    in_japanese = ("席はいくつですか？", "council one", "生产总值？", "council two")
    assert choose_examples(service, given, service.documents(), "ja") == in_japanese


def test_without_given_examples_titles_that_are_answered_are_shown(tmp_path: Path) -> None:
    service = demo(tmp_path)
    service.titles = {"reading-room.txt": "The council", "図書館.txt": "何もない"}
    assert choose_examples(service, (), service.documents(), "en") == ("The council",)


def test_choosing_examples_survives_a_service_in_trouble(tmp_path: Path) -> None:
    class Failing(FakeQA):
        def ask(self, question: str) -> Answer:
            raise QAError("broken")

    service = demo(tmp_path)
    assert choose_examples(Failing(tmp_path), (), service.documents(), "en") == ()
