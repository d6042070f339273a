"""A running server, and a stranger who speaks to the page as its own scripts do, or as they never would."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import httpx

ROOT = Path(__file__).parent.parent


class Server:
    """A process that prints the address it serves; ended as Ctrl+C does."""

    def __init__(self, *command: str, errors: IO[str] | None = None) -> None:
        places = [str(ROOT / "src"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
        self._process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
            stderr=errors,
        )

    @cached_property
    def address(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert "://" in line, f"no address from {self._process.args!r}: {line!r}"
        return next(word for word in line.split() if word.startswith("http"))

    def kill(self) -> None:
        """End the process at once, as a loss of power does."""
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def end(self) -> int:
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(timeout=60)
        finally:
            self._process.kill()
            self._process.communicate()


class Stranger:
    """A client without a browser: it keeps cookies, and obeys no page."""

    def __init__(
        self, address: str, headers: Mapping[str, str] | None = None, *, sent_from: str = "127.0.0.1"
    ) -> None:
        transport = httpx.HTTPTransport(local_address=sent_from)
        self.client = httpx.Client(base_url=address, timeout=20, headers=headers, transport=transport)
        self.session = secrets.token_hex(6)
        self._events: dict[str, int] = {}

    def sign_in(self, name: str, password: str, *, back: str = "/") -> httpx.Response:
        """Sign in by the form; the cookie is kept."""
        return self.client.post("/login", data={"name": name, "password": password, "back": back})

    def event(self, name: str) -> int:
        """Return the number of an event of the page, by the name of its function."""
        if not self._events:
            page = self.client.get("/").raise_for_status().text
            start = page.index("window.gradio_config = ") + len("window.gradio_config = ")
            config, _ = json.JSONDecoder().raw_decode(page, start)
            self._events = {each["api_name"]: each["id"] for each in config["dependencies"]}
        return self._events[name]

    def join(self, name: str, data: list[Any], *, session: str = "", **more: Any) -> httpx.Response:
        """Put an event of the page into its queue."""
        body = {"fn_index": self.event(name), "data": data, "session_hash": session or self.session, **more}
        return self.client.post("/gradio_api/queue/join", json=body)

    def messages(self, *, session: str = "") -> Iterator[dict[str, Any]]:
        """Yield what the queue says, to its end."""
        parameters = {"session_hash": session or self.session}
        with self.client.stream("GET", "/gradio_api/queue/data", params=parameters) as stream:
            stream.raise_for_status()
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line[5:])
                    if message["msg"] == "close_stream":
                        return
                    yield message

    def send(self, name: str, data: list[Any], **more: Any) -> list[dict[str, Any]]:
        """Put an event into the queue and return all that comes of it."""
        self.join(name, data, **more).raise_for_status()
        return list(self.messages())

    def join_question(self, question: str, *, session: str = "") -> httpx.Response:
        """Put a question into the queue of the page."""
        return self.join("ask", [None, ""], session=session, event_data={"question": question})

    def ask(self, question: str) -> str:
        """Ask on the page and return the turn as HTML."""
        self.join_question(question).raise_for_status()
        *_, answered, _kept, _done = self.messages()
        return "".join(_texts(answered))

    def reopen(self, conversation: str) -> str:
        """Open a conversation again on the page and return what its log shows, as HTML."""
        body = {
            "fn_index": self.event("reopen"),
            "data": [None],
            "event_data": {"conversation": conversation},
            "session_hash": self.session,
        }
        answer = self.client.post("/gradio_api/run/predict", json=body).raise_for_status()
        return "".join(_texts(answer.json()["data"]))

    def conversations(self) -> list[dict[str, Any]]:
        """Return the conversations that the server keeps for who this is."""
        answer = self.client.get("/v1/conversations").raise_for_status()
        return list(answer.json()["conversations"])

    def upload(self, name: str, content: bytes) -> list[dict[str, Any]]:
        """Upload a file as the page does and return what its queue says."""
        sent = self.client.post("/gradio_api/upload", files={"files": (name, content)})
        sent.raise_for_status()
        return self.send("upload", [[file_object(path, name) for path in sent.json()]])


def file_object(path: str, name: str) -> dict[str, Any]:
    """Return a file as Gradio's page names it."""
    return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
