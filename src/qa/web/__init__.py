"""The chat page over HTTP: ``launch`` serves it, ``build_page`` makes it. Importing this loads no gradio."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from qa.config import Config
from qa.errors import ConfigError, QAError
from qa.web.settings import PageSettings

if TYPE_CHECKING:
    from qa.web.service import Service

__all__ = ["PageSettings", "build_page", "launch"]

_GRACE_SECONDS = 1
"""Open pages hold a stream open for ever; a stopping server waits for them no longer than this."""
_MOST_CONNECTIONS = 1000
"""Of all callers together; a page holds two."""


def build_page(service: Service, settings: PageSettings | None = None) -> Any:
    """Return the page over ``service`` as ``gradio.Blocks``, for an application of one's own."""
    from qa.web.page import build_page as build

    return build(service, settings)


def launch(
    service: Service,
    config: Config | None = None,
    *,
    settings: PageSettings | None = None,
    allow_remote: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page and the HTTP API until interrupted; ``on_ready`` is told the address.

    Only this machine reaches it, unless ``config.host`` says otherwise *and* people sign in (``qa user add``, or a
    proxy's ``config.user_header``) or ``allow_remote`` lets everyone read. Port 0 takes a free one.

    Raises:
        ConfigError: the host is reachable from elsewhere and open to all, or the port cannot be had.
    """
    from qa.guard import Access
    from qa.users import Users

    config = config or Config()
    host = config.host
    access = Access(
        Users(service.path),
        local=is_loopback(host),
        allow_remote=allow_remote,
        hosts=_parts(config.hosts),
        proxies=_parts(config.trusted_proxies),
        user_header=config.user_header,
        requests_per_minute=config.requests_per_minute,
        max_upload_bytes=config.max_uploads * config.max_upload_mb * 1_000_000,
    )
    access.check(host)
    _check_certificate(config)
    warmer = threading.Thread(target=_warm, args=(service,), name="warming")

    def ready() -> None:
        warmer.start()
        if on_ready:
            on_ready(address)

    listener = listen(host, config.port)
    address = f"{'https' if config.certificate else 'http'}://{_in_url(host)}:{listener.getsockname()[1]}"
    try:
        from qa.server import create_app

        server = _server_of(create_app(service, access=access, settings=settings), config)
        with suppress(KeyboardInterrupt):  # the way to end it; uvicorn has closed everything by then
            asyncio.run(_run(server, listener, ready))
    finally:
        listener.close()
        if warmer.ident:
            warmer.join()  # the library is closed next


def _warm(service: Service) -> None:
    """Load what the first page and the first question need, so that nobody waits for it."""
    with suppress(QAError):  # whoever asks is told
        service.documents()
        service.search("warm")


def _check_certificate(config: Config) -> None:
    if not config.certificate:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(config.certificate, config.key)
    except (OSError, ssl.SSLError) as error:
        message = f"'{config.certificate}' and '{config.key}' are no certificate (PEM) and its key: {error}."
        raise ConfigError(message) from error


def _parts(setting: str) -> tuple[str, ...]:
    return tuple(part for part in map(str.strip, setting.split(",")) if part)


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach ``host``; a name other than localhost counts as remote."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on ``host`` and ``port``.

    Raises:
        ConfigError: the port is taken, not allowed, or the host is none of this machine.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        return _bound(*found[0])
    except OSError as error:
        raise ConfigError(_why_not(host, port, error)) from error


def _bound(family: int, kind: int, protocol: int, _: str, address: Any) -> socket.socket:
    listener = socket.socket(family, kind, protocol)
    try:
        # A server that was just stopped leaves its port waiting; that is no reason to refuse.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # At once: until one listens, two programs can be bound to one port.
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken, perhaps by another qa. "
            f"Stop that program, or choose another port: --port {port + 1}"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has. Choose one above 1023: --port 7860"
    return f"Cannot listen on {host}, port {port}: {error.strerror or error}. Check --host and --port."


def _server_of(app: Any, config: Config) -> Any:
    """Return the ``uvicorn.Server`` of an application: it names itself to nobody, and slow or many clients end."""
    import uvicorn

    from qa.web.connection import Connection

    serving = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=config.certificate or None,
        ssl_keyfile=config.key or None,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return uvicorn.Server(serving)


def _is_news(record: logging.LogRecord) -> bool:
    """Say whether a line of the log tells something: that open pages are let go as the server ends does not."""
    ended = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not ended and not str(record.msg).startswith("Cancel %s running task")


async def _run(server: Any, listener: socket.socket, ready: Callable[[], None]) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.05)
    if server.started:
        ready()
    await serving


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
