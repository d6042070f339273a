"""The chat page: ``python app.py --index index --port 7860``. The same as ``qa serve``."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from pathlib import Path

from qa.config import load_config
from qa.errors import ConfigError, QAError
from qa.service import QA
from qa.web import PageSettings, launch
from qa.web.examples import read_examples


def main(arguments: list[str] | None = None) -> int:
    """Serve the page until interrupted; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        load_config()  # what is wrong in the file or the environment is no wrong usage
        try:
            config = load_config(index=options.index, host=options.host, port=options.port)
        except ConfigError as error:
            parser.error(str(error))
        examples = read_examples(options.examples) if options.examples else ()
        settings = PageSettings.of(config, examples=examples)
        with QA.open(config.index, config=config) as qa:
            launch(
                qa,
                config,
                settings=settings,
                allow_remote=options.allow_remote,
                on_ready=lambda address: _say_ready(address, show=options.open),
            )
    except QAError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Open the chat page over a library of documents.")
    parser.add_argument("--index", help="folder of the library (default: index)")
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: 7860; 0: any)")
    parser.add_argument("--examples", type=Path, help="example questions, one a line (plain or JSON lines)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument("--allow-remote", action="store_true", help="let everyone read without signing in")
    return parser


def _say_ready(address: str, *, show: bool) -> None:
    print(f"The page is at {address}  (Ctrl+C ends it)", flush=True)
    if show:
        webbrowser.open(address)


if __name__ == "__main__":
    sys.exit(main())
