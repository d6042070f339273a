"""A stranger attacks the running page and server; docs/security.md says what each of these tests holds."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import httpx
import pytest

from qa.guard import MAX_BODY_BYTES, MAX_EVENT_BYTES, SECURITY_HEADERS
from qa.users import Users
from tests.served import ROOT, Server, Stranger, file_object
from tests.web_fakes import HOSTILE_NAME

PASSWORD = "tall green reeds"
QUESTION = "How did the council vote?"
QUOTED = "voted 17 to 5"
PROXY = "127.0.0.2"
"""An address of this machine that the tests send from where they are the proxy."""

SERVERS = {
    "open": (),
    "signed": (),
    "proxied": ("user_header=X-Forwarded-User", f"trusted_proxies={PROXY}", "hosts=qa.example.org"),
    "remote": ("host=0.0.0.0", "allow_remote=yes", "requests_per_minute=30", "patience=1.0"),
}


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: tmp_path_factory.mktemp(name) for name in SERVERS}


@pytest.fixture(scope="module")
def servers(libraries: dict[str, Path]) -> Iterator[dict[str, str]]:
    users = Users(libraries["signed"])
    users.put("anna", "editor", PASSWORD)
    users.put("ben", "reader", PASSWORD)
    users.put("cleo", "editor", PASSWORD)
    Users(libraries["proxied"]).put("anna", "editor", None)
    processes = {
        name: Server("-m", "tests.web_fakes", str(libraries[name]), *settings)
        for name, settings in SERVERS.items()
    }
    yield {name: process.address.replace("0.0.0.0", "127.0.0.1") for name, process in processes.items()}
    codes = {name: process.end() for name, process in processes.items()}
    assert codes == dict.fromkeys(codes, 0)


class Meet(Protocol):
    def __call__(
        self,
        server: str,
        headers: Mapping[str, str] | None = None,
        *,
        sent_from: str = "127.0.0.1",
        user: str = "",
    ) -> Stranger: ...


@pytest.fixture
def meet(servers: dict[str, str]) -> Iterator[Meet]:
    """Let somebody come to one of the servers, signed in if they are a user."""
    with ExitStack() as stack:

        def come(
            server: str,
            headers: Mapping[str, str] | None = None,
            *,
            sent_from: str = "127.0.0.1",
            user: str = "",
        ) -> Stranger:
            stranger = Stranger(servers[server], headers, sent_from=sent_from)
            stack.enter_context(stranger.client)
            assert not user or stranger.sign_in(user, PASSWORD).status_code == 303
            return stranger

        yield come


@pytest.fixture
def stranger(meet: Meet) -> Stranger:
    """Somebody at a server on this machine where nobody signs in."""
    return meet("open")


def sent_raw(address: str, head: str) -> bytes:
    """Send the head of a request as it is, not tidied up by a client; return the whole answer."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{head}Host: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


# --- files of this machine ----------------------------------------------------------------------


def test_a_file_of_the_machine_cannot_be_passed_off_as_an_upload(
    stranger: Stranger, libraries: dict[str, Path], tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the vault opens with 4711")
    named = file_object(str(secret), "mine.txt")
    hidden = [{"value": [named]}, [[[named]]], {"deep": {"deeper": [named]}}, {**named, "url": str(secret)}]
    for data in ([named], named, *hidden):
        assert stranger.join("upload", [data]).status_code == 403
    without_meta = {"path": str(secret), "orig_name": "mine.txt"}
    assert stranger.join("upload", [[without_meta]]).status_code == 403
    assert stranger.join("upload", [[]], event_data=named).status_code == 403
    assert secret.exists()
    assert not (libraries["open"] / "uploads" / "mine.txt").exists()


def test_the_server_fetches_no_address_that_a_stranger_names(stranger: Stranger) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        assert stranger.join("upload", [[file_object(address, "x.txt")]]).status_code == 403
        for path in (f"/gradio_api/file={address}", f"/gradio_api/proxy={address}"):
            assert stranger.client.get(path).status_code == 404
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/static/../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2f..%2fetc%2fpasswd",
        "/assets/%252e%252e/etc/passwd",
        "/assets//etc/passwd",
        "/svelte/../../etc/passwd",
        "/assets/..\\..\\etc\\passwd",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file//etc/passwd",
        "/file=/etc/passwd",
        "/gradio_api//file=/etc/passwd",
        "/gradio_api/file=.users.json",
        "/.users.json",
        "/uploads/note.txt",
        "/library.sqlite",
    ],
)
def test_no_path_leads_to_a_file(servers: dict[str, str], path: str) -> None:
    answer = sent_raw(servers["open"], f"GET {path} HTTP/1.1\r\n")
    assert answer.split()[1] in (b"403", b"404")
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "config/x", "monitoring", "monitoring/summary", "openapi.json", "login/x", "gradio_api/info",
        "gradio_api/openapi.json", "gradio_api/queue/status", "gradio_api/deep_link", "gradio_api/vibe-code",
        "gradio_api/custom_component/1/client/a/b", "gradio_api/dev/reload", "gradio_api/token", "gradio_api/user",
        "gradio_api/stream/a/b/1/playlist.m3u8", "gradio_api/call/ask/1", "gradio_api/runs", "docs", "redoc",
    ],
)  # fmt: skip
def test_what_the_page_does_not_need_is_not_there(stranger: Stranger, path: str) -> None:
    assert stranger.client.get(f"/{path}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "run/ask", "api/ask", "call/ask", "call/v2/ask", "cancel", "reset", "component_server", "stream/1",
        "process_recording", "vibe-edit", "undo-vibe-edit", "vibe-code", "vibe-starter-queries", "profiling/clear",
    ],
)  # fmt: skip
def test_nothing_else_of_gradio_can_be_called(stranger: Stranger, path: str) -> None:
    body = {
        "data": [None, ""],
        "event_data": {"question": QUESTION},
        "session_hash": "x",
        "event_id": "x",
        "fn_index": 2,
    }
    assert stranger.client.post(f"/gradio_api/{path}", json=body).status_code == 404


def test_where_files_lie_on_the_server_is_not_told(stranger: Stranger, libraries: dict[str, Path]) -> None:
    listed = stranger.client.get("/v1/documents")
    assert listed.json()["documents"]
    assert "path" not in listed.json()["documents"][0]
    place = {"document": listed.json()["documents"][0]["id"], "start": 0, "end": 5}
    told = [listed, *(stranger.client.get(f"/page/{name}", params=place) for name in ("source", "documents"))]
    assert not [each.url for each in told if str(libraries["open"]) in each.text or str(ROOT) in each.text]


ODD = (
    "",
    "x",
    "-1",
    "1e9",
    "9" * 30,
    "\u0663",
    "%00",
    "../../etc/passwd",
    "a" * 2001,
    "1-99999999999999999999,x",
)


@pytest.mark.parametrize(
    "path",
    ["source", "part", "pages", "picture", "citations", "suggestions", "documents", "scope"],
)
def test_odd_places_are_refused_in_words(stranger: Stranger, path: str) -> None:
    names = ("document", "start", "end", "part", "page", "marks", "of", "words", "language", "first")
    known = stranger.client.get("/v1/documents").json()["documents"][0]["id"]
    usual = {
        **dict.fromkeys(names, ""),
        "document": known,
        "start": "0",
        "end": "5",
        "part": "0",
        "page": "1",
        "first": "0",
    }
    for name in names:
        for odd in ODD:
            response = stranger.client.get(f"/page/{path}", params={**usual, name: odd})
            assert response.status_code in (200, 400, 404, 422), (name, odd, response.text[:200])


# --- what people upload -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../escaped.txt", "..\\..\\escaped.txt", "/tmp/escaped.txt", "C:\\escaped.txt", ".users.json",
        "a\r\nb.txt", HOSTILE_NAME, "=cmd|' /C calc'!A0.txt", "x" * 500 + ".txt", "CON.txt", "....//escaped.txt",
        "%2e%2e%2fescaped.txt", "\u202etxt.exe", "字" * 200 + ".txt", "-rf.txt", "$(touch x).txt", "~root.txt",
    ],
)  # fmt: skip
def test_hostile_file_name_stays_in_the_folder_of_uploads(
    stranger: Stranger, libraries: dict[str, Path], name: str
) -> None:
    library = libraries["open"]
    outside = {path for path in library.parent.rglob("*") if "uploads" not in path.parts}
    sent = stranger.client.post("/gradio_api/upload", files={"files": ("x.txt", b"The weir of 1802.")})
    messages = stranger.send("upload", [[file_object(sent.json()[0], name)]])
    assert messages[-1]["success"] or name == ".users.json"
    assert {path for path in library.parent.rglob("*") if "uploads" not in path.parts} <= outside
    report = json.dumps(messages[-1]["output"])
    assert "<img src=x" not in report
    assert not [
        path for path in (library / "uploads").iterdir() if path.name.startswith(".") or path.is_dir()
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", b"<html><script>alert(document.cookie)</script>The weir was built in 1802.</html>"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("a.xhtml", b'<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>'),
    ],
)
def test_uploaded_markup_is_never_served(stranger: Stranger, name: str, content: bytes) -> None:
    sent = stranger.client.post("/gradio_api/upload", files={"files": (name, content, "text/html")})
    path = sent.json()[0]
    for address in (
        f"/gradio_api/file={path}",
        f"/file={path}",
        f"/gradio_api/file/{path}",
        f"/uploads/{name}",
    ):
        assert stranger.client.get(address).status_code == 404
    assert "<script>" not in json.dumps(stranger.send("upload", [[file_object(path, name)]]))


def test_upload_that_is_too_large_is_refused_before_it_is_sent(servers: dict[str, str]) -> None:
    host, _, port = servers["open"].removeprefix("http://").partition(":")
    for length, status in (("Content-Length: 999999999999", b"413"), ("Transfer-Encoding: chunked", b"411")):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}:{port}\r\n{length}\r\n"
            connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
            assert connection.recv(4096).split()[1] == status


def test_a_file_larger_than_allowed_is_refused_and_the_rest_taken(
    stranger: Stranger, libraries: dict[str, Path]
) -> None:
    large, small = b"a" * 1_000_001, b"The weir of 1802."
    sent = stranger.client.post(
        "/gradio_api/upload", files=[("files", ("large.txt", large)), ("files", ("small.txt", small))]
    ).json()
    stranger.send("upload", [[file_object(sent[0], "large.txt"), file_object(sent[1], "small.txt")]])
    assert not (libraries["open"] / "uploads" / "large.txt").exists()
    assert (libraries["open"] / "uploads" / "small.txt").read_bytes() == small


def test_of_too_many_files_the_first_are_taken(stranger: Stranger, libraries: dict[str, Path]) -> None:
    names = [f"many-{number}.txt" for number in range(40)]
    sent = stranger.client.post(
        "/gradio_api/upload", files=[("files", (name, name.encode())) for name in names]
    )
    stranger.send("upload", [[file_object(*pair) for pair in zip(sent.json(), names, strict=True)]])
    taken = sorted(path.name for path in (libraries["open"] / "uploads").glob("many-*"))
    assert taken == ["many-0.txt", "many-1.txt", "many-2.txt"]


# --- requests of other sites --------------------------------------------------------------------

SENT = ("/v1/ask", "/v1/search", "/v1/feedback", "/gradio_api/upload", "/gradio_api/queue/join",
        "/gradio_api/run/predict", "/login", "/logout")  # fmt: skip


@pytest.mark.parametrize("path", SENT)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
def test_page_of_another_site_can_send_nothing(meet: Meet, path: str, origin: str) -> None:
    anna = meet("signed", user="anna")
    response = anna.client.post(path, headers={"Origin": origin}, json={"question": QUESTION})
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers
    assert anna.client.get("/metrics").status_code == 200  # and /logout has ended nothing


@pytest.mark.parametrize("path", ["/", "/config", "/v1/openapi.json", "/metrics", "/gradio_api/queue/data"])
def test_page_of_another_site_can_read_nothing(meet: Meet, path: str) -> None:
    # Gradio allows every origin to read with the reader's cookies where its host is not the local one.
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
        response = meet("remote").client.request(method, path, headers=headers)
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers


def test_name_pointed_at_this_machine_gets_nothing(meet: Meet) -> None:
    for server in ("open", "remote"):
        for path in ("/", "/healthz", "/assets/x.js", "/v1/openapi.json"):
            assert meet(server).client.get(path, headers={"Host": "evil.example"}).status_code == 400


def test_no_header_changes_the_address_that_the_page_takes_itself_to_have(stranger: Stranger) -> None:
    names = ("X-Forwarded-Host", "X-Gradio-Server", "X-Direct-Url", "X-Forwarded-Prefix", "Forwarded")
    headers = {**dict.fromkeys(names, "https://evil.example"), "X-Forwarded-Proto": "https"}
    page = stranger.client.get("/", headers=headers).text
    assert "evil.example" not in page
    assert "https://127.0.0.1" not in page


def test_there_are_no_web_sockets(meet: Meet) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": b64encode(os.urandom(16)).decode(),
    }
    for path in ("/", "/gradio_api/queue/join", "/v1/ask"):
        assert meet("open").client.get(path, headers=upgrade).status_code != 101


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_server_with_a_certificate_speaks_https_and_keeps_its_cookie_to_it(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    Users(tmp_path).put("anna", "editor", PASSWORD)
    server = Server("-m", "tests.web_fakes", str(tmp_path), f"certificate={certificate}", f"key={key}")
    trust = ssl.create_default_context(cafile=certificate)
    try:
        with httpx.Client(base_url=server.address, verify=trust, timeout=30) as client:
            signed = client.post("/login", data={"name": "anna", "password": PASSWORD})
            assert "; secure" in signed.headers["Set-Cookie"].lower()
            assert QUOTED in client.post("/v1/ask", json={"question": QUESTION}).text
    finally:
        assert server.end() == 0


# --- headers ------------------------------------------------------------------------------------


def test_every_response_carries_the_security_headers(servers: dict[str, str], meet: Meet) -> None:
    for server in servers:
        for path in ("/", "/healthz", "/nothing", "/login", "/config", "/theme.css", "/v1/ask"):
            response = meet(server).client.get(path)
            for name, value in SECURITY_HEADERS.items():
                assert response.headers[name] == value
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert "server" not in response.headers


def test_only_the_scripts_of_the_page_itself_may_run(stranger: Stranger) -> None:
    response = stranger.client.get("/")
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    inline = re.findall(r"<script(?![^>]*src=)[^>]*>(.*?)</script>", response.text, re.DOTALL)
    hashes = {f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in inline}
    assert set(policy["script-src"].split()) == {"'self'", "'unsafe-eval'", *hashes}
    assert policy["script-src-attr"] == policy["object-src"] == "'none'"
    assert response.headers["Cache-Control"] == "no-store"


def test_browser_keeps_scripts_and_asks_for_everything_else(stranger: Stranger) -> None:
    page = stranger.client.get("/").text
    script = re.findall(r'src="./(assets/index-[^"]+)"', page)[0]
    assert "immutable" in stranger.client.get(f"/{script}").headers["Cache-Control"]
    for path in ("/assets/none.js", "/theme.css"):
        assert "immutable" not in stranger.client.get(path).headers.get("Cache-Control", "")


# --- signing in ---------------------------------------------------------------------------------


def test_without_signing_in_nothing_is_told(meet: Meet) -> None:
    stranger = meet("signed")
    for path in (
        "/",
        "/config",
        "/metrics",
        "/v1/openapi.json",
        "/theme.css",
        "/assets/x",
        "/page/source",
        "/page/history",
        "/v1/conversations",
        "/x",
    ):
        assert stranger.client.get(path).status_code == 401
    assert stranger.client.delete("/v1/documents/x").status_code == 401
    for path in SENT[:-2]:
        assert stranger.client.post(path, json={"question": QUESTION}).status_code == 401
    assert stranger.client.get("/healthz").json() == {"status": "ok"}
    page = stranger.client.get("/?document=7", headers={"Accept": "text/html", "Accept-Language": "ar"})
    assert page.status_code == 401
    assert 'dir="rtl"' in page.text
    assert 'name="back" value="/?document=7"' in page.text
    assert "<script" not in page.text


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(meet: Meet) -> None:
    response = meet("signed").sign_in("ben", PASSWORD)
    assert response.headers["Location"] == "/"
    cookie = response.headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "domain" not in cookie


def test_wrong_password_opens_no_session(meet: Meet) -> None:
    for name, password in (("anna", "wrong"), ("nobody", PASSWORD), ("", ""), ("anna", PASSWORD + "\x00")):
        stranger = meet("signed", sent_from="127.0.0.3")
        response = stranger.sign_in(name, password)
        assert response.status_code == 401
        assert "set-cookie" not in response.headers
        assert stranger.client.get("/metrics").status_code == 401


def test_changed_cookie_is_nobodys(meet: Meet) -> None:
    ben = meet("signed", user="ben")
    ((name, token),) = ben.client.cookies.items()
    owner, until, signature = token.split(".")
    anna = b64encode(b"anna").decode().rstrip("=")
    for forged in (f"{anna}.{until}.{signature}", f"{owner}.{int(until) + 9}.{signature}", "x", f"{token}0"):
        ben.client.cookies.clear()
        assert ben.client.get("/metrics", headers={"Cookie": f"{name}={forged}"}).status_code == 401
    assert ben.client.get("/metrics", headers={"Cookie": f"{name}={token}"}).status_code == 200


def test_signing_out_ends_the_session_for_whoever_has_its_cookie(meet: Meet) -> None:
    cleo = meet("signed", user="cleo")
    ((name, token),) = cleo.client.cookies.items()
    assert cleo.client.get("/logout").status_code == 404
    assert cleo.client.post("/logout").status_code == 303
    stolen = meet("signed")
    assert stolen.client.get("/metrics", headers={"Cookie": f"{name}={token}"}).status_code == 401


@pytest.mark.parametrize(
    "back",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: y", ""],
)
def test_signing_in_leads_nowhere_else(servers: dict[str, str], meet: Meet, back: str) -> None:
    response = meet("signed").sign_in("ben", PASSWORD, back=back)
    assert response.headers["Location"] == "/"
    # A browser reads "//" as the beginning of a host, and "\\" as "/".
    headers = "Accept: text/html\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
    moment = sent_raw(servers["signed"], f"GET /{quote(back, safe='/:' + chr(92))} HTTP/1.1\r\n{headers}")
    (address,) = re.findall(r'content="0; url=([^"]*)"', moment.decode())
    assert re.match(r"/($|[^/\\])", address)


def test_link_from_elsewhere_takes_one_more_step_so_that_the_strict_cookie_comes_along(
    meet: Meet,
) -> None:
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    moment = meet("signed").client.get("/?document=7&start=1", headers=headers)
    assert 'content="0; url=/?document=7&amp;start=1"' in moment.text
    assert "<script" not in moment.text


def test_who_guesses_passwords_has_to_wait_and_others_have_not(meet: Meet) -> None:
    guesser = meet("signed", sent_from="127.0.0.9")
    answers = [guesser.sign_in("anna", f"guess {number}") for number in range(10)]
    assert {answer.status_code for answer in answers} == {401}
    while (last := guesser.sign_in("anna", "guess")).status_code == 401 and len(answers) < 20:
        answers.append(last)  # hashing takes its time, in which one more is allowed
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) >= 1
    assert guesser.sign_in("anna", PASSWORD).status_code == 429
    assert guesser.client.get("/metrics", auth=("anna", PASSWORD)).status_code == 429
    assert meet("signed", user="anna").client.get("/metrics").status_code == 200


def test_server_that_others_reach_does_not_start_without_signing_in(tmp_path: Path) -> None:
    for command in (["app.py"], ["-m", "qa.cli", "serve"]):
        started = subprocess.run(
            [sys.executable, *command, "--host", "0.0.0.0", "--port", "0", "--index", str(tmp_path)],
            capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
        )  # fmt: skip
        assert started.returncode == 1
        assert "qa user add NAME" in started.stderr
        assert "Traceback" not in started.stderr


# --- roles and users ----------------------------------------------------------------------------


def test_reader_asks_and_cannot_upload(meet: Meet, libraries: dict[str, Path]) -> None:
    for reader in (meet("signed", user="ben"), meet("remote")):
        assert QUOTED in reader.ask(QUESTION)
        sent = reader.client.post("/gradio_api/upload", files={"files": ("mine.txt", b"x")})
        assert sent.status_code == 403
        known = reader.client.get("/v1/documents").json()["documents"][0]["id"]
        assert reader.client.delete(f"/v1/documents/{known}").status_code == 403
        *_, last = reader.send("upload", [[]])
        assert last["success"] is False
    for name in ("signed", "remote"):
        assert not (libraries[name] / "uploads" / "mine.txt").exists()


def test_editor_uploads(meet: Meet, libraries: dict[str, Path]) -> None:
    meet("signed", user="anna").upload("weir.txt", b"The weir was built in 1802.")
    assert (libraries["signed"] / "uploads" / "weir.txt").exists()


def test_conversation_of_one_user_is_closed_to_others(meet: Meet) -> None:
    anna, ben = meet("signed", user="anna"), meet("signed", user="ben")
    anna.join_question(QUESTION).raise_for_status()
    assert ben.client.get("/gradio_api/queue/data", params={"session_hash": anna.session}).status_code == 403
    assert ben.client.get(f"/gradio_api/heartbeat/{anna.session}").status_code == 403
    assert ben.join_question("and there?", session=anna.session).status_code == 403
    assert QUOTED in json.dumps(list(anna.messages()))


def test_it_says_for_whom_conversations_are_kept(meet: Meet) -> None:
    own, shared = (
        meet(server, user=user).client.get("/page/history", headers={"Accept-Language": "en"}).text
        for server, user in (("signed", "anna"), ("open", ""))
    )
    assert "for you alone" in own
    assert "for all who use this machine" in shared


def test_kept_conversations_of_one_user_are_closed_to_others(meet: Meet) -> None:
    anna, ben = meet("signed", user="anna"), meet("signed", user="ben")
    before = {each["id"] for each in anna.conversations()}
    anna.ask(f"{QUESTION} The vault opens with 4711.")
    [own] = [each for each in anna.conversations() if each["id"] not in before]
    for other in (ben, meet("signed", user="cleo")):
        assert own["id"] not in {each["id"] for each in other.conversations()}
        listed = [other.client.get("/page/history").text, json.dumps(other.conversations())]
        saved = [
            other.client.get(f"/v1/conversations/all/{form}").text for form in ("csv", "jsonl", "markdown")
        ]
        assert not [each for each in (*listed, *saved, other.reopen(own["id"])) if "4711" in each]
        for form in ("csv", "jsonl", "markdown"):
            assert other.client.get(f"/v1/conversations/{own['id']}/{form}").status_code == 404
        assert other.client.delete(f"/v1/conversations/{own['id']}").status_code == 404
        # going on with it is none of theirs either: their turn begins a conversation of their own
        other.ask("Who won?")
    assert meet("signed").client.get("/v1/conversations").status_code == 401
    assert meet("signed").client.get("/page/history").status_code == 401
    assert "4711" in anna.reopen(own["id"])
    assert QUOTED in anna.client.get(f"/v1/conversations/{own['id']}/csv").text
    [still] = [each for each in anna.conversations() if each["id"] == own["id"]]
    assert still["turns"] == 1


def test_removed_conversation_is_gone_and_nothing_is_kept_of_strangers(
    meet: Meet, libraries: dict[str, Path]
) -> None:
    anna = meet("signed", user="anna")
    anna.ask("Who told of the buried chest?")
    own = anna.conversations()[0]
    assert own["title"] == "Who told of the buried chest?"
    assert anna.client.delete(f"/v1/conversations/{own['id']}").json() == {"id": own["id"], "turns": 1}
    assert anna.client.get(f"/v1/conversations/{own['id']}/jsonl").status_code == 404
    for file in libraries["signed"].glob(".history*"):
        assert b"buried chest" not in file.read_bytes()
    stranger = meet("remote")  # whoever comes has the same name: none
    stranger.ask(QUESTION)
    assert stranger.conversations() == []
    assert stranger.client.get("/v1/conversations/all/csv").status_code == 404
    assert not list(libraries["remote"].glob(".history*"))


def test_saved_table_holds_no_formula(stranger: Stranger) -> None:
    for question in ("=cmd|' /C calc'!A0", "+council", "\t@council", "-1+council"):
        stranger.ask(question)
    saved = stranger.client.get("/v1/conversations/all/csv")
    assert saved.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert saved.headers["Content-Disposition"].startswith("attachment; ")
    cells = [cell for row in csv.reader(io.StringIO(saved.text.lstrip("\ufeff"))) for cell in row]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r\n")]


def test_upload_of_one_user_is_no_file_of_another(meet: Meet) -> None:
    anna, cleo = meet("signed", user="anna"), meet("signed", user="cleo")
    path = anna.client.post("/gradio_api/upload", files={"files": ("private.txt", b"x")}).json()[0]
    assert cleo.join("upload", [[file_object(path, "private.txt")]]).status_code == 403
    assert anna.join("upload", [[file_object(path, "private.txt")]]).status_code == 200


def test_only_the_proxy_says_who_is_there(meet: Meet) -> None:
    claim = {"X-Forwarded-User": "anna"}
    assert meet("proxied", claim).client.get("/metrics").status_code == 403
    assert meet("proxied", sent_from=PROXY).client.get("/metrics").status_code == 401
    anna = meet("proxied", claim, sent_from=PROXY)
    assert anna.client.get("/metrics", headers={"Host": "qa.example.org"}).status_code == 200
    assert anna.client.post("/gradio_api/upload", files={"files": ("a.txt", b"x")}).status_code == 200
    unknown = meet("proxied", {"X-Forwarded-User": "zoe"}, sent_from=PROXY)
    assert QUOTED in unknown.ask(QUESTION)
    assert unknown.client.post("/gradio_api/upload", files={"files": ("a.txt", b"x")}).status_code == 403
    twice = [("X-Forwarded-User", "ben"), ("X-Forwarded-User", "anna")]
    assert meet("proxied", sent_from=PROXY).client.get("/metrics", headers=twice).status_code == 401


# --- how much -----------------------------------------------------------------------------------


def test_who_asks_too_often_has_to_wait(meet: Meet) -> None:
    often = meet("remote", sent_from="127.0.0.5")
    answers = [often.client.post("/v1/ask", json={"question": QUESTION}) for _ in range(40)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:30] == [200] * 30
    assert 429 in statuses[30:]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    for path in ("/v1/search", "/v1/feedback", "/gradio_api/queue/join", "/gradio_api/run/predict"):
        assert often.client.post(path, json={}).status_code == 429
    assert often.client.get("/v1/documents").status_code == 200
    assert 429 in [often.client.get("/healthz").status_code for _ in range(400)]
    other = meet("remote", sent_from="127.0.0.6")
    assert other.client.post("/v1/ask", json={"question": QUESTION}).status_code == 200


@pytest.mark.parametrize(
    ("path", "limit"),
    [("/v1/ask", MAX_BODY_BYTES), ("/gradio_api/queue/join", MAX_EVENT_BYTES), ("/login", 8000)],
)
def test_body_that_is_too_large_is_refused(stranger: Stranger, path: str, limit: int) -> None:
    assert stranger.client.post(path, content=b" " * (limit + 1)).status_code == 413
    pieces = (b" " * (limit // 2) for _ in range(3))
    assert stranger.client.post(path, content=pieces).status_code == 413


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x",
        b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nname=",
    ],
)
def test_slow_client_is_let_go(servers: dict[str, str], sent: bytes) -> None:
    host, _, port = servers["remote"].removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        started = time.monotonic()
        while connection.recv(4096):
            pass
        assert time.monotonic() - started < 9


# --- garbage ------------------------------------------------------------------------------------

GARBAGE = (
    b"", b"null", b"[]", b'"x"', b"7", b"{", b"\xff\xfe", b"[" * 60_000, b'{"question":' * 5_000, b'{"question": NaN}',
    b'{"question": "\\ud800"}', b'{"question": {"$gt": ""}}', b'{"question": ["x"]}', b'{"question": null}',
    b'{"question": 1e999}', b'{"question": "x", "k": 1e400}', b'{"question": "x", "k": 99999999999999999999999}',
    b'{"question": "x", "question": 7}', b'{"__proto__": {}, "question": "x"}', b"\x00" * 100,
    b'{"question": "x", "verdict": "right", "confidence": NaN}',
    b'{"question": "x", "verdict": "right", "start": 9223372036854775808, "end": 9223372036854775809}',
    b'{"question": "x", "verdict": "right", "highlights": [[1]]}',
)  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/search", "/v1/feedback"])
def test_garbage_gets_one_clear_error(stranger: Stranger, path: str) -> None:
    for body in GARBAGE:
        response = stranger.client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (200, 400, 422), (body[:60], response.text)
        if response.status_code != 200:
            assert set(response.json()["error"]) == {"type", "message"}
            assert len(response.content) < 1000


@pytest.mark.parametrize(
    "question",
    [
        "\x00", "\u202e\u202d" * 50, "a\u0301" * 900, "\r\n" * 500, "'; DROP TABLE documents; --", "NOT", "*", '"',
        "AND OR NOT ()", "field:value^2~", "../../etc/passwd", "%s%n%x", "{0.__class__}", "${jndi:ldap://x/y}",
        "😀" * 1000, "\u200b" * 100, "字" * 2000, "\ufdfa" * 2000, "()" * 900, "\U000e0001" * 50,
    ],
)  # fmt: skip
def test_odd_questions_are_answered_or_refused_in_words(stranger: Stranger, question: str) -> None:
    for path in ("/v1/ask", "/v1/search"):
        response = stranger.client.post(path, json={"question": question})
        assert response.status_code in (200, 400)


def test_odd_requests_leave_the_server_as_it_was(servers: dict[str, str], stranger: Stranger) -> None:
    host, _, port = servers["open"].removeprefix("http://").partition(":")
    chance = random.Random(8)
    heads = [
        b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET  HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        *(chance.randbytes(200) + b"\r\n\r\n" for _ in range(30)),
    ]  # fmt: skip
    for head in heads:
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(head)
            connection.shutdown(socket.SHUT_WR)
            try:
                answer = connection.recv(65536)
            except ConnectionResetError:
                continue
            assert not answer or answer.split()[1] not in (b"200", b"500")
    assert QUOTED in stranger.ask(QUESTION)


EVENTS = (
    {}, [], None, 7, "x", {"fn_index": 2}, {"session_hash": "a"}, {"session_hash": 7, "fn_index": 2, "data": []},
    {"session_hash": "b", "fn_index": 999, "data": []}, {"session_hash": "b", "fn_index": -1, "data": []},
    {"session_hash": "b", "fn_index": "2", "data": "x"}, {"session_hash": "b", "fn_index": 2, "data": []},
    {"session_hash": "b", "fn_index": 2, "data": [{"a": 1}, None, ""]},
    {"session_hash": "b", "fn_index": 2, "data": [7, 7]},
    {"session_hash": "b", "fn_index": 3, "data": [None], "event_data": 7},
    {"session_hash": "b", "fn_index": 3, "data": [None], "event_data": {"question": {"x": []}}},
    {"session_hash": "b", "fn_index": 5, "data": [7]}, {"session_hash": "b", "fn_index": 5, "data": [[7, None]]},
    {"session_hash": "b" * 5000, "fn_index": 2, "data": ["x", None, ""]},
    {"session_hash": "../b", "fn_index": 2, "data": ["x", None, ""]},
    {"session_hash": "b", "fn_index": 2, "data": ["x", None, ""], "trigger_id": {}, "batched": True},
    {"session_hash": "b", "fn_index": 2, "data": ["x" * 900_000, None, ""]},
)  # fmt: skip


def test_misuse_of_the_queue_leaves_the_page_as_it_was(meet: Meet, stranger: Stranger) -> None:
    for path in ("/gradio_api/queue/join", "/gradio_api/run/predict"):
        for body in (
            *map(json.dumps, EVENTS),
            "[" * 100_000,
            "\x00",
            '{"session_hash": "b", "fn_index": 1e999}',
        ):
            response = stranger.client.post(path, content=body, headers={"Content-Type": "application/json"})
            assert "Traceback" not in response.text
            assert str(ROOT) not in response.text
    for session in ("b", "nobody", "a" * 3000, "%00"):
        with stranger.client.stream("GET", f"/gradio_api/queue/data?session_hash={session}") as stream:
            first = next(stream.iter_lines(), "")
            assert "Traceback" not in first
    assert QUOTED in stranger.ask(QUESTION)


def test_who_asks_and_does_not_listen_is_stopped_and_others_go_on(
    servers: dict[str, str], meet: Meet
) -> None:
    deaf = meet("open", sent_from="127.0.0.7")
    statuses = [deaf.join_question(QUESTION, session="deaf").status_code for _ in range(8)]
    assert statuses == [200] * 5 + [429] * 3
    statuses = [deaf.join_question(QUESTION, session=f"deaf-{number}").status_code for number in range(120)]
    assert statuses.count(200) == 95
    assert QUOTED in meet("open", sent_from="127.0.0.8").ask(QUESTION)
    assert QUOTED in json.dumps(list(deaf.messages(session="deaf")))
    assert deaf.join_question(QUESTION, session="deaf").status_code == 200
