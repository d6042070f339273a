"""The console command ``qa``: a thin edge over ``qa.service.QA``.

Standard output carries the result (with ``--json`` one object and nothing else); progress, notes and errors
go to standard error. Exit status: 0 done (``qa ask`` also when it abstains), 1 error, 2 wrong usage, 130
stopped with Ctrl-C, 141 when the reader of the output has gone away.

What takes long to import (rich, numpy, the service) is imported where it is used: ``qa ask`` must start fast.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from qa.errors import ConfigError, DocumentNotFound, LibraryGone, QAError, QuestionError

if TYPE_CHECKING:
    from qa.config import Config
    from qa.evaluating import Outcome
    from qa.evaluation import Comparison
    from qa.evaluation.comparison import Change, Difference
    from qa.service import QA
    from qa.types import (
        Answer,
        Copy,
        Document,
        Duplicate,
        Explanation,
        FileProblem,
        Hit,
        IndexReport,
        Passage,
        Place,
        Quote,
        Scope,
        Turn,
    )

INTERRUPTED = 130
BROKEN_PIPE = 141
SHOWN = ("lang", "languages", "kind")
"""Groups of an evaluation that people see; the pairs of languages are many and only in the JSON."""
WARNINGS_SHOWN = 20
"""Of one run of indexing; a thousand files of one kind may all have the same."""
PLACES_SHOWN = 3
"""Of those where a passage is printed, too; --json has them all."""
CONFIDENCE = (
    "Very likely answers this",
    "Likely answers this",
    "May answer this",
    "Uncertain: check the passage",
)

READING = ("high", "middling", "low")

Progress = Callable[[int, int, str], None]


class Commands(TyperGroup):
    """Runs a command and turns what goes wrong into a sentence, or one for each line of a file, and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        _prepare_streams()
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except BrokenPipeError:
            # Otherwise the interpreter would complain when it flushes at exit.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from None
        except KeyboardInterrupt:
            _complain("Stopped.")
            raise typer.Exit(INTERRUPTED) from None
        except QAError as error:
            for sentence in str(error).splitlines():
                _complain(sentence)
            raise typer.Exit(1) from None
        except OSError as error:
            _complain(_system_error(error))
            raise typer.Exit(1) from None


class Asking(TyperCommand):
    """A command whose question may begin with a minus: "-5 degrees?" is no option, and neither is -5."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        flags = {name: bool(getattr(each, "is_flag", False)) for each in self.params for name in each.opts}
        before = ["", *args]
        return super().parse_args(
            ctx,
            [
                # a blank before it, which the question loses again
                f" {each}" if flags.get(last, True) and _begins_with_a_minus(each, flags) else each
                for last, each in zip(before, args, strict=False)
            ],
        )


def _begins_with_a_minus(argument: str, options: Collection[str]) -> bool:
    """Tell whether an argument that looks like an option is none: a number, or several words."""
    name = argument.partition("=")[0]
    words = len(name.split()) > 1 and name.split()[0] not in options
    return argument.startswith("-") and (argument[1:2].isdigit() or words)


app = typer.Typer(
    name="qa",
    cls=Commands,
    help="Ask your own documents, in any language: every answer is a verbatim quote with its place.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

IndexOption = Annotated[
    str | None,
    typer.Option("--index", metavar="DIR", help="Folder of the library (default: index; QA_INDEX)."),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="builtin, a sentence-transformers folder, or a hub id."),
]
HitsOption = Annotated[
    int | None, typer.Option("-k", "--k", metavar="N", help="Passages to return (default: 10).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
FilesOption = Annotated[
    bool, typer.Option("--files", help="Name each document that was read, and each file that was left out.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")]
MeasuresOption = Annotated[
    str | None,
    typer.Option("--measures", metavar="NAMES", help="Measures parted by commas, as ir_measures names them."),
]
ByOption = Annotated[
    str | None,
    typer.Option("--by", metavar="NAMES", help="Groups to show: lang, pair, languages, kind, source."),
]
InOption = Annotated[
    list[str] | None,
    typer.Option("--in", metavar="FOLDER", help="Only this folder or document; may be repeated."),
]
LangOption = Annotated[
    list[str] | None,
    typer.Option("--lang", metavar="TAG", help="Only documents in this language; may be repeated."),
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Only documents dated 2024, 2024-05 … or later.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="DATE", help="Only documents dated so or earlier.")
]
PathsArgument = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files or folders.")]
QuestionArgument = Annotated[
    list[str], typer.Argument(metavar="QUESTION", help="The question; quotation marks are optional.")
]


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from importlib.metadata import version as version_of

        _print(f"qa {version_of('qa')}")
        raise typer.Exit()


@app.command("index")
def index_paths(
    paths: PathsArgument,
    index: IndexOption = None,
    model: ModelOption = None,
    files: FilesOption = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show the passages as they would be; nothing is written.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make the library equal to folders: what is new is added, what is gone is removed."""
    if preview:
        _preview(paths, as_json=as_json)
        return
    _take_in(paths, index=index, model=model, files=files, as_json=as_json, quiet=quiet, mirror=True)


@app.command("add")
def add_paths(
    paths: PathsArgument,
    index: IndexOption = None,
    model: ModelOption = None,
    files: FilesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add files or folders to the library; nothing is removed."""
    _take_in(paths, index=index, model=model, files=files, as_json=as_json, quiet=quiet, mirror=False)


@app.command("remove")
def remove_documents(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Documents, as qa list names them.")
    ],
    index: IndexOption = None,
    purge: Annotated[
        bool, typer.Option("--purge", help="Write the index files anew: no byte of them stays on the disk.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Remove documents from the library, with a receipt of what is gone."""
    with open_qa(_config(index=index)) as qa:
        receipts = [qa.remove(source, purge=purge) for source in _known(qa, sources)]
    if as_json:
        _print_json({"removed": [asdict(receipt) for receipt in receipts]})
    elif not quiet:
        for receipt in receipts:
            _print(
                f"Removed {_line(receipt.source)}: {_count(receipt.passages, 'passage')}, "
                f"{_count(receipt.vectors, 'vector')}, {receipt.postings:,} in the postings."
            )


@app.command("list")
def list_documents(index: IndexOption = None, as_json: JsonOption = False) -> None:
    """List the documents of the library."""
    config = _config(index=index)
    with open_qa(config) as qa:
        documents = qa.documents()
    passages = sum(document.passages for document in documents)
    if as_json:
        _print_json(
            {
                "index": config.index,
                "documents": [asdict(document) for document in documents],
                "passages": passages,
            }
        )
        return
    for document in documents:
        pages = _count(document.pages, "page") if document.pages else ""
        facts = (document.source, document.title, pages, _count(document.passages, "passage"))
        _print(" · ".join(_line(fact) for fact in facts if fact))
    _print(f"{_count(len(documents), 'document')}, {_count(passages, 'passage')}.")


@app.command("search", cls=Asking)
def search_passages(
    question: QuestionArgument,
    index: IndexOption = None,
    k: HitsOption = None,
    within: InOption = None,
    languages: LangOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Say of each passage why it was found, and what its score is made of."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Find the passages nearest to a question."""
    config = _config(index=index, k=k)
    asked = _question(question)
    scope = _scope(within, languages, since, until)
    with open_qa(config) as qa:
        hits = qa.search(asked, k=config.k, scope=scope)
    if as_json:
        shown = [
            hit.to_dict() | ({"explanation": hit.explain().to_dict()} if explain else {}) for hit in hits
        ]
        _print_json({"question": asked, "hits": shown})
        return
    for hit in hits:
        _print_hit(hit)
        if explain:
            _print_explanation(hit.explain())
    if not hits:
        _print("No passage comes near this question.")


@app.command("ask", cls=Asking)
def ask_question(
    question: QuestionArgument,
    index: IndexOption = None,
    k: HitsOption = None,
    within: InOption = None,
    languages: LangOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question with a quote, or say that the documents do not hold the answer."""
    scope = _scope(within, languages, since, until)
    with open_qa(_config(index=index, k=k)) as qa:
        answer = qa.ask(_question(question), scope=scope)
    if as_json:
        _print_json(answer.to_dict())
    else:
        _print_answer(answer)


@app.command("chat")
def chat(
    index: IndexOption = None,
    within: InOption = None,
    languages: LangOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask one question after another; /quit or Ctrl-D ends. With --json, one object a line for each turn."""
    scope = _scope(within, languages, since, until)
    with open_qa(_config(index=index)) as qa:
        qa.documents()  # a library that is not there is told now, not after the first question
        conversation = qa.chat()
        for question in _typed_questions(prompt=not as_json):
            try:
                turn = conversation.ask(question, scope=scope)
            except (QuestionError, LibraryGone) as error:  # it may be back for the next question
                _complain(str(error))
                continue
            if as_json:
                _print_json(
                    {"standalone": turn.standalone, **turn.answer.to_dict(), "question": turn.question}
                )
            else:
                _print_turn(turn)
            sys.stdout.flush()


@app.command("serve")
def serve(
    index: IndexOption = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on (default: 127.0.0.1).")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port; 0 takes a free one (default: 7860).")
    ] = None,
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote", help="Let everyone read who reaches this machine, without signing in."
        ),
    ] = False,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open the chat page and the HTTP API; where there are users (qa user add), people sign in."""
    from qa.web import PageSettings, launch

    config = _config(index=index, host=host, port=port, model=model)

    def on_ready(address: str) -> None:
        if as_json:
            _print_json({"address": address, "index": config.index})
        else:
            _print(f"The chat page is at {address} (stop it with Ctrl-C).")
        sys.stdout.flush()

    with open_qa(config, model=model) as qa:
        launch(
            qa,
            config,
            settings=PageSettings.of(config),
            allow_remote=allow_remote,
            on_ready=on_ready,
        )


@app.command("eval")
def evaluate_set(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="QUESTIONS",
            help="A question set (.jsonl .csv .tsv), a SQuAD file (.json), or a BEIR folder.",
        ),
    ],
    index: IndexOption = None,
    model: ModelOption = None,
    qrels: Annotated[
        Path | None,
        typer.Option("--qrels", metavar="FILE", help="QUESTIONS are queries; their judgements, as TREC's."),
    ] = None,
    measures: MeasuresOption = None,
    by: ByOption = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume", metavar="FILE", help="Keep every result in FILE, and go on from those in it."
        ),
    ] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-under", metavar="FIGURE=N", help="Exit with 1 when a figure is lower; may be repeated."
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a report with plots, in one file.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="FILE", help="Write the ranked documents as a TREC run.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure ranking, quotes and abstentions of a question set, a SQuAD file, a BEIR folder, or a TREC collection."""
    from qa import evaluating
    from qa.evaluation import measures_of, parse_gate, write_report, write_run

    config = _config(index=index, model=model)
    asked_for, groups = _measures(measures), _groups(by)
    gates = [_usage(parse_gate, text, "--fail-under") for text in fail_under or ()]
    plan = evaluating.Plan(
        path,
        qrels=qrels,
        own_index=index is not None,
        measures=(*asked_for, *measures_of(gates)),
        groups=(*groups, *(gate.by for gate in gates if gate.by)),
        journal=resume,
    )
    try:
        outcome = evaluating.run(
            plan, config, open_qa=open_qa, steps=lambda: _progress(silent=as_json or quiet, steady=True)
        )
    except KeyboardInterrupt:
        if resume is not None:
            _complain(f"What was asked so far is in {resume}; the same command goes on from there.")
        raise
    for note in _notes(outcome):
        _complain(note)
    if run is not None:
        write_run(outcome.evaluation, run)
    if html is not None:
        write_report(outcome.evaluation, html)
    figures = outcome.evaluation.to_dict()
    if as_json:
        _print_json({**figures, **evaluating.facts_of(outcome)})
    elif not quiet or html is None:
        _print_evaluation(figures, measures=asked_for, groups=groups)
    failures = [failure for gate in gates if (failure := gate.failure(figures))]
    for failure in failures:
        _complain(failure)
    if failures:
        raise typer.Exit(1)


@app.command("compare")
def compare_runs(
    a: Annotated[
        Path, typer.Argument(metavar="A", help="The run before: qa eval --json > A, or --resume A.")
    ],
    b: Annotated[Path, typer.Argument(metavar="B", help="The run after.")],
    qrels: Annotated[
        Path | None,
        typer.Option("--qrels", metavar="FILE", help="A and B are TREC runs; their judgements, as TREC's."),
    ] = None,
    measures: MeasuresOption = None,
    by: ByOption = None,
    shown: Annotated[
        int, typer.Option("--show", metavar="N", min=0, help="Questions won and lost that are listed.")
    ] = 10,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs of one question set: differences with their tests, and the questions won and lost."""
    from qa.evaluation import compare, judged_run, load_qrels, load_saved
    from qa.evaluation.comparison import COMPARED, QUOTE_ACCURACY, SUCCESS

    wanted = _measures(measures)
    chosen = (*wanted, QUOTE_ACCURACY, SUCCESS) if wanted else COMPARED
    if qrels is None:
        runs = [load_saved(path) for path in (a, b)]
    else:
        judgements = load_qrels(qrels)
        runs = [judged_run(path, judgements, measures=wanted) for path in (a, b)]
    comparison = compare(
        *runs,
        measures=chosen,
        groups=_groups(by) or ("languages",),
        names=(str(a), str(b)),
    )
    if as_json:
        _print_json(comparison.to_dict())
    else:
        _print_comparison(comparison, shown=shown)


questions_app = typer.Typer(
    help="Turn feedback into questions of a set, and review them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(questions_app, name="questions")

SetOption = Annotated[
    Path, typer.Option("--file", metavar="FILE", help="The question set (default: questions.jsonl).")
]
IdsArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of proposed questions.")]
SET = Path("questions.jsonl")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name they sign in with.")]


@questions_app.command("from-feedback")
def questions_from_feedback(
    index: IndexOption = None, file: SetOption = SET, as_json: JsonOption = False
) -> None:
    """Propose a question for every one that people judged the answer of; a reviewer accepts or mends them."""
    from qa.evaluation.review import add_proposed, propose, proposed

    with open_qa(_config(index=index)) as qa:
        lines = propose(qa.feedback(), _text_of(qa))
    new = add_proposed(file, lines)
    waiting = proposed(file) if file.exists() else []
    if as_json:
        _print_json({"file": str(file), "new": new, "proposed": waiting})
        return
    _print(
        f"{_count(len(new), 'question')} newly proposed in {_line(str(file))}; {len(waiting)} wait for a reviewer."
    )
    if waiting:
        _print(f"See them: qa questions list --file {_line(str(file))}")


@questions_app.command("list")
def questions_list(file: SetOption = SET, as_json: JsonOption = False) -> None:
    """List the proposed questions of a set."""
    from qa.evaluation.review import proposed

    waiting = proposed(file)
    if as_json:
        _print_json({"file": str(file), "proposed": waiting})
        return
    for line in waiting:
        _print_proposed(line)
    _print(f"{_count(len(waiting), 'question')} proposed.")


@questions_app.command("accept")
def questions_accept(
    ids: IdsArgument,
    file: SetOption = SET,
    answer: Annotated[
        list[str] | None, typer.Option("--answer", metavar="TEXT", help="A right answer; may be repeated.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="SOURCE", help="The document that answers it.")
    ] = None,
    question: Annotated[
        str | None, typer.Option("--question", metavar="TEXT", help="The question in other words.")
    ] = None,
    unanswerable: Annotated[
        bool, typer.Option("--unanswerable", help="The documents do not hold the answer.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Accept proposed questions, as they are or mended: from then on they are asked."""
    from qa.evaluation.review import accept

    if len(ids) > 1 and (answer or source or question):
        raise typer.BadParameter("One question at a time can be mended.", param_hint="ID...")
    lines = [
        accept(file, name, question=question, answers=answer or (), source=source, unanswerable=unanswerable)
        for name in ids
    ]
    _print_reviewed("Accepted", lines, as_json=as_json)


@questions_app.command("reject")
def questions_reject(ids: IdsArgument, file: SetOption = SET, as_json: JsonOption = False) -> None:
    """Reject proposed questions: they are not asked, and not proposed again."""
    from qa.evaluation.review import reject

    _print_reviewed("Rejected", [reject(file, name) for name in ids], as_json=as_json)


user_app = typer.Typer(
    help="Say who may sign in to qa serve, and what they may do there.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(user_app, name="user")


@user_app.command("add")
def user_add(
    name: NameArgument,
    role: Annotated[
        str, typer.Option("--role", metavar="ROLE", help="reader: asks. editor: adds documents too.")
    ] = "reader",
    by_proxy: Annotated[
        bool, typer.Option("--by-proxy", help="No password: a proxy says who it is (user_header).")
    ] = False,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a user, or give one another role and password; the password is asked for, or read from a pipe."""
    from qa.users import Users

    config = _config(index=index)
    password = None if by_proxy else _password()
    is_new = Users(Path(config.index)).put(name, role, password)
    if as_json:
        _print_json({"index": config.index, "name": name, "role": role, "new": is_new})
    else:
        _print(f"{'Added' if is_new else 'Changed'} {_line(name)} ({role}).")


@user_app.command("remove")
def user_remove(name: NameArgument, index: IndexOption = None, as_json: JsonOption = False) -> None:
    """Remove a user; their sessions end at once, and their conversations are gone."""
    from qa.history import History
    from qa.users import Users

    config = _config(index=index)
    removed = Users(Path(config.index)).remove(name)
    History(Path(config.index)).remove_user(removed)
    if as_json:
        _print_json({"index": config.index, "name": name})
    else:
        _print(f"Removed {_line(name)}.")


@user_app.command("list")
def user_list(index: IndexOption = None, as_json: JsonOption = False) -> None:
    """List the users and their roles."""
    from qa.users import Users

    config = _config(index=index)
    users = Users(Path(config.index)).list()
    if as_json:
        _print_json({"index": config.index, "users": [asdict(user) for user in users]})
        return
    for user in users:
        _print(f"{_line(user.name)} · {user.role}")
    _print(f"{_count(len(users), 'user')}.")


@app.command("compact")
def compact_library(index: IndexOption = None, as_json: JsonOption = False) -> None:
    """Write all files anew: nothing that was removed is left in any of them."""
    config = _config(index=index)
    with open_qa(config) as qa:
        compaction = qa.compact()
    if as_json:
        _print_json({"index": config.index, **asdict(compaction)})
    else:
        _print(
            f"Compacted '{_line(config.index)}': {compaction.before:,} bytes before, {compaction.after:,} after. "
            "Of what was removed nothing is left in its files."
        )


@app.command("backup")
def backup_library(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is new or empty.")],
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the library into a new folder, checked; it may be served and written to meanwhile."""
    with open_qa(_config(index=index)) as qa:
        copy = qa.backup(folder)
    _print_copy("Backed up to", copy, as_json=as_json)


@app.command("restore")
def restore_library(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that qa backup made.")],
    index: IndexOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite a library that holds documents.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the library what it was when a backup was made."""
    from qa.service import QA

    config = _config(index=index)
    with QA(Path(config.index), config, None) as qa:
        copy = qa.restore(folder, replace=replace)
    _print_copy("Restored from", copy, as_json=as_json)


@app.command("export")
def export_documents(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of JSON lines to write.")],
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write all documents, with text and place, into a file of JSON lines."""
    with open_qa(_config(index=index)) as qa:
        copy = qa.export(file)
    _print_copy("Exported to", copy, as_json=as_json)


@app.command("import")
def import_documents(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that qa export wrote.")],
    index: IndexOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add the documents of an export; those that are there already are skipped."""
    config = _config(index=index, model=model)
    with open_qa(config, model=model) as qa, _progress(silent=as_json or quiet) as on_progress:
        report = qa.import_documents(file, on_progress=on_progress)
    if as_json:
        _print_json({"index": config.index, **asdict(report)})
    elif not quiet:
        _print(_summary(report))


@app.command("reencode")
def reencode_library(
    model: Annotated[
        str,
        typer.Option("--model", metavar="NAME", help="builtin, a sentence-transformers folder, or a hub id."),
    ] = "builtin",
    index: IndexOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Encode all documents anew, with another model too; a kill leaves the library as it was."""
    from qa.service import QA

    config = _config(index=index)
    # A model that cannot be loaded any more must not keep the library from leaving it
    with QA(Path(config.index), config, None) as qa, _progress(silent=as_json or quiet) as on_progress:
        passages = qa.reencode(model, on_progress=on_progress)
    if as_json:
        _print_json({"index": config.index, "model": model, "passages": passages})
    elif not quiet:
        _print(f"{_count(passages, 'passage')} of '{_line(config.index)}' are now encoded by {_line(model)}.")


@app.command("doctor")
def doctor(
    index: IndexOption = None,
    mend: Annotated[
        bool, typer.Option("--mend", help="Mend what can be mended, and say what was done.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the library, all of it; exit status 1 when there is a problem that was not mended."""
    config = _config(index=index)
    with open_qa(config) as qa:
        mending = qa.mend() if mend else None
        problems = [*mending.lost] if mending else qa.check()
        documents = len(qa.documents())
    if as_json:
        facts = {"index": config.index, "ok": not problems, "documents": documents, "problems": problems}
        _print_json(facts | ({"mending": asdict(mending)} if mending else {}))
    else:
        for word, sentences in (
            ("Found", mending.problems if mending else ()),
            ("Done", mending.done if mending else ()),
            ("Lost" if mending else "Found", problems),
        ):
            for sentence in sentences:
                _print(f"{word}: {_line(sentence)}")
        if not problems:
            _print(f"The library at '{_line(config.index)}' is sound: {_count(documents, 'document')}.")
        elif not mending:
            _print("To mend what can be mended: qa doctor --mend")
    if problems:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line of this process."""
    try:
        app(prog_name="qa")
    except Exception as error:
        if os.environ.get("QA_TRACEBACK"):
            raise
        _complain(f"A fault of qa itself, {type(error).__name__}: {error} (QA_TRACEBACK=1 shows where).")
        raise SystemExit(1) from None


def open_qa(config: Config, *, model: str | None = None) -> QA:
    """Open the library of ``config``; ``model`` is the one asked for on the command line, if any."""
    from qa.service import QA

    return QA.open(config.index, model=model, config=config)


# --- commands in steps ------------------------------------------------------------------


def _config(**flags: Any) -> Config:
    from qa.config import load_config

    load_config()  # what is wrong in the file or the environment is no wrong usage
    try:
        return load_config(**flags)
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from None


def _password() -> str:
    """Return a password: typed twice without being shown, or the first line of what is piped in."""
    from getpass import getpass

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("Password: ")
    if getpass("Once more: ") != password:
        raise ConfigError("The two passwords differ. Try again.")
    return password


def _scope(
    within: Sequence[str] | None, languages: Sequence[str] | None, since: str | None, until: str | None
) -> Scope | None:
    """Return what ``--in --lang --since --until`` say, None where they say nothing."""
    from qa.types import Scope

    return Scope(tuple(within or ()), tuple(languages or ()), since or "", until or "") or None


def _question(words: Sequence[str]) -> str:
    # Bytes of the command line that are not UTF-8 arrive as lone surrogates, which no text may hold.
    asked = " ".join(word.removeprefix(" ") for word in words)
    return asked.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _take_in(
    paths: Sequence[Path],
    *,
    index: str | None,
    model: str | None,
    files: bool,
    as_json: bool,
    quiet: bool,
    mirror: bool,
) -> None:
    _check_paths(paths)
    config = _config(index=index, model=model)
    try:
        with open_qa(config, model=model) as qa, _progress(silent=as_json or quiet) as on_progress:
            take_in = [qa.sync if mirror and path.is_dir() else qa.add for path in paths]
            report = _merge(
                [take(path, on_progress=on_progress) for take, path in zip(take_in, paths, strict=True)]
            )
    except KeyboardInterrupt:
        _complain("What was indexed so far is kept; the same command goes on from there.")
        raise
    for problem in (*report.failed, *report.warnings[:WARNINGS_SHOWN]):
        _complain(_problem(problem))
    if len(report.warnings) > WARNINGS_SHOWN:
        more = _count(len(report.warnings) - WARNINGS_SHOWN, "more warning")
        _complain(f"… and {more}; --files shows them beside their documents.")
    for duplicate in report.duplicates[:WARNINGS_SHOWN]:
        _complain(_copy_of(duplicate))
    if len(report.duplicates) > WARNINGS_SHOWN:
        more = _count(len(report.duplicates) - WARNINGS_SHOWN, "more document")
        _complain(f"… and {more} with the text of others; --json names them.")
    if as_json:
        _print_json({"index": config.index, **asdict(report)})
    elif not quiet:
        if files:
            _print_files(report)
        _print(_summary(report))
    if report.failed and not (report.added or report.updated or report.unchanged):
        raise typer.Exit(1)


def _check_paths(paths: Sequence[Path]) -> None:
    for path in paths:
        if not path.exists():
            raise QAError(f"There is no file or folder '{path}'; nothing was indexed.")


def _preview(paths: Sequence[Path], *, as_json: bool) -> None:
    """Show what indexing would make of files."""
    from qa.indexing import preview
    from qa.readers.processes import shared_readers

    _check_paths(paths)
    found = preview(paths, readers=shared_readers(_config().ocr_languages))
    for problem in found.failed:
        _complain(_problem(problem))
    if as_json:
        _print_json(
            {
                "documents": [_previewed(document, passages) for document, passages in found.documents],
                "failed": [asdict(problem) for problem in found.failed],
                "left_out": [asdict(left) for left in found.left_out],
            }
        )
    else:
        for document, passages in found.documents:
            _print_previewed(document, passages)
        for left in found.left_out:
            _print(f"{_line(left.path)} · left out: {_line(left.kind)}")
    if found.failed and not found.documents:
        raise typer.Exit(1)


def _previewed(document: Document, passages: Sequence[Passage]) -> dict[str, Any]:
    return {
        "source": document.source,
        "title": document.title,
        "media_type": document.media_type,
        "pages": document.pages,
        "characters": len(document.text),
        "warnings": document.warnings,
        "passages": [
            {
                "start": passage.span.start,
                "end": passage.span.end,
                "page": passage.page,
                "headings": passage.headings,
                "text": passage.text,
            }
            for passage in passages
        ],
    }


def _print_previewed(document: Document, passages: Sequence[Passage]) -> None:
    pages = _count(document.pages, "page") if document.pages else ""
    sizes = (_count(len(passages), "passage"), _count(len(document.text), "character"))
    _print(" · ".join(_line(fact) for fact in (document.source, document.title, pages, *sizes) if fact))
    for warning in document.warnings:
        _print(f"! {_line(warning)}")
    for passage in passages:
        place = _place("", passage.page, passage.headings, passage.span.start, passage.span.end)
        _print(f"\n{place.strip()}\n{_safe(passage.text)}")
    _print("")


def _copy_of(duplicate: Duplicate) -> str:
    if duplicate.share == 1.0:
        return f"{duplicate.source}: has the same text as {duplicate.of}"
    share = math.floor(100 * duplicate.share)
    return f"{duplicate.source}: has nearly the same text as {duplicate.of} ({share} % of both)"


def _merge(reports: Sequence[IndexReport]) -> IndexReport:
    def joined(name: str) -> tuple[Any, ...]:
        return tuple(item for report in reports for item in getattr(report, name))

    return replace(
        reports[0],
        added=joined("added"),
        updated=joined("updated"),
        unchanged=joined("unchanged"),
        removed=joined("removed"),
        failed=joined("failed"),
        warnings=joined("warnings"),
        left_out=joined("left_out"),
        files=joined("files"),
        passages=sum(report.passages for report in reports),
        seconds=sum(report.seconds for report in reports),
        duplicates=joined("duplicates"),
    )


def _known(qa: QA, sources: Sequence[str]) -> Sequence[str]:
    """Return ``sources`` if the library has them all, so that a typing error removes nothing."""
    known = {name for document in qa.documents() for name in (document.source, document.id)}
    for source in sources:
        if source not in known:
            raise DocumentNotFound(
                f"No document '{source}' in the library; nothing was removed. See: qa list"
            )
    return list(dict.fromkeys(sources))


def _typed_questions(*, prompt: bool) -> Iterator[str]:
    interactive = prompt and sys.stdin.isatty() and sys.stdout.isatty()
    if interactive:
        with suppress(ImportError):  # line editing, where the system has it
            import readline  # noqa: F401
    while True:
        if interactive:
            try:
                line = input("> ")
            except EOFError:
                _print("")
                return
        else:
            line = sys.stdin.readline()
            if not line:
                return
        line = line.strip()
        if line == "/quit":
            return
        if line:
            yield line


def _text_of(qa: QA) -> Callable[[str], str | None]:
    def text_of(document_id: str) -> str | None:
        try:
            return qa.document(document_id).text
        except DocumentNotFound:
            return None

    return text_of


def _measures(names: str | None) -> tuple[str, ...]:
    from qa.evaluation import parse_measures

    return _usage(parse_measures, names, "--measures") if names else ()


def _groups(names: str | None) -> tuple[str, ...]:
    from qa.evaluation.run import LABELS

    groups = tuple(name.strip() for name in (names or "").split(",") if name.strip())
    for name in groups:
        if name not in LABELS:
            raise typer.BadParameter(
                f"'{name}' is not known; known are {', '.join(LABELS)}.", param_hint="--by"
            )
    return groups


def _usage(parse: Callable[[str], Any], text: str, flag: str) -> Any:
    """Return ``parse(text)``; what it does not understand is wrong usage."""
    try:
        return parse(text)
    except QuestionError as error:
        raise typer.BadParameter(str(error), param_hint=flag) from error


def _notes(outcome: Outcome) -> Iterator[str]:
    for problem in outcome.problems:
        yield _problem(problem)
    for status, count in outcome.left_out.items():
        if count:
            yield f"{_count(count, 'question')} {status} and not accepted: not asked."
    if outcome.resumed:
        yield f"{_count(outcome.resumed, 'result')} taken from the file of --resume."


# --- what people read -------------------------------------------------------------------


def _print_answer(answer: Answer) -> None:
    if answer.quote is not None:
        _print_quote(answer.quote, answer.reading_confidence)
        _print(f"{_confidence(answer.confidence)}. {_line(answer.reason)}".rstrip())
        return
    _print("Not in these documents.")
    _print(_line(answer.reason))
    if answer.nearest is not None:
        _print("\nNearest, but not an answer:")
        _print_quote(answer.nearest, answer.reading_confidence)


def _print_turn(turn: Turn) -> None:
    if turn.standalone != turn.question:
        _print(f"Read as: {_line(turn.standalone)}")
    _print_answer(turn.answer)
    _print("")


def _print_quote(quote: Quote, reading_confidence: float | None) -> None:
    before = quote.span.start - 1  # the opening quotation mark is one more character
    marked = [(span.start - before, span.end - before) for span in quote.highlights]
    _print_marked(f"“{_safe(quote.text)}”", marked)
    _print(_place(quote.source, quote.page, quote.headings, quote.span.start, quote.span.end))
    _print_scanned(reading_confidence)
    _print_also(quote.also)


def _print_hit(hit: Hit) -> None:
    _print(f"{hit.rank}. {_place(hit.source, hit.page, hit.headings, hit.start, hit.end)}")
    _print("   " + _safe(hit.text).replace("\n", "\n   "))
    _print_scanned(hit.reading_confidence, indent="   ")
    _print_also(hit.also, indent="   ")
    _print("")


def _print_scanned(reading_confidence: float | None, *, indent: str = "") -> None:
    """Say of what was read from a scan that it was, and how surely; that is no confidence in the answer."""
    from qa.confidence import reading_step

    if reading_confidence is not None:
        sure = READING[reading_step(reading_confidence)]
        _print(f"{indent}Read from a scan, reading confidence {sure}: compare it with the picture.")


def _print_also(places: Sequence[Place], *, indent: str = "") -> None:
    for place in places[:PLACES_SHOWN]:
        where = _place(place.source, place.page, (), place.span.start, place.span.end)
        _print(f"{indent}Also printed in {where}")
    if len(places) > PLACES_SHOWN:
        _print(f"{indent}… and in {_count(len(places) - PLACES_SHOWN, 'other place')}")


def _print_explanation(explanation: Explanation) -> None:
    for word in explanation.words:
        met = f"“{_line(word.met)}”" if word.met else "nothing"
        place = (
            f" [{word.span.start}–{word.span.end}]" if word.span else f" ({word.place})" if word.place else ""
        )
        _print(f"   {word.score:8.2f}  “{_line(word.asked)}” meets {met}{place}")
    _print(f"   {explanation.score:8.2f}  is the score, made of")
    _print(f"   {explanation.intercept:+8.2f}  to begin with")
    for share in sorted(explanation.shares, key=lambda share: -abs(share.points)):
        _print(
            f"   {share.points:+8.2f}  {share.meaning} ({share.name}: {share.weight:.2f} × {share.value:.2f})"
        )
    _print("")


def _place(source: str, page: int | None, headings: Sequence[str], start: int, end: int) -> str:
    facts = [_line(source), f"page {page}" if page is not None else "", _line(" › ".join(headings))]
    return " · ".join(fact for fact in facts if fact) + f" [{start}–{end}]"


def _confidence(probability: float) -> str:
    """Say a calibrated probability in words, the same as the chat page."""
    from qa.confidence import step

    return CONFIDENCE[step(probability)]


def _print_copy(what: str, copy: Copy, *, as_json: bool) -> None:
    if as_json:
        _print_json(asdict(copy))
        return
    counts = f"{_count(copy.documents, 'document')}, {_count(copy.passages, 'passage')}"
    _print(f"{what} {_line(copy.path)}: {counts}, {copy.bytes:,} bytes.")


def _summary(report: IndexReport) -> str:
    names = ("added", "updated", "unchanged", "removed", "failed")
    facts = ", ".join(f"{len(getattr(report, name))} {name}" for name in names)
    return "\n".join(
        [
            f"Documents: {facts}. {_count(report.passages, 'passage')} in {report.seconds:.1f} s.",
            *_left_out(report),
        ]
    )


def _left_out(report: IndexReport) -> Iterator[str]:
    """Yield a line with the kinds of the files that were not read, the commonest first."""
    kinds = Counter(each.kind for each in report.left_out)
    if kinds:
        named = ", ".join(f"{_line(kind)} {count}" for kind, count in kinds.most_common())
        yield f"Left out: {_count(len(report.left_out), 'file')}: {named} (--files names them)."


def _print_files(report: IndexReport) -> None:
    for file in report.files:
        pages = _count(file.pages, "page") if file.pages else ""
        facts = (file.source, _count(file.passages, "passage"), pages, file.language, *file.warnings)
        _print(" · ".join(_line(fact) for fact in facts if fact))
    for left in report.left_out:
        _print(f"{_line(left.path)} · left out: {_line(left.kind)}")


def _problem(problem: FileProblem) -> str:
    message = problem.message
    return message if message.startswith(problem.path) else f"{problem.path}: {message}"


def _print_proposed(line: dict[str, Any]) -> None:
    given = line.get("feedback", {})
    _print(f"{_line(str(line['id']))} · {_line(str(line['question']))}")
    answers = " | ".join(_line(str(answer)) for answer in line.get("answers", ())) or "none"
    _print("   answers: " + ("needed" if line.get("needs") else answers))
    if given.get("quoted"):
        _print(f"   quoted: “{_line(given['quoted'])}”")
    _print(f"   called right {given.get('right', 0)}, wrong {given.get('wrong', 0)} times")
    for note in given.get("notes", ()):
        _print(f"   note: {_line(note)}")


def _print_reviewed(word: str, lines: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        _print_json({"questions": list(lines)})
        return
    for line in lines:
        _print(f"{word} {_line(str(line['id']))}: {_line(str(line['question']))}")


def _print_evaluation(
    figures: dict[str, Any], *, measures: Sequence[str] = (), groups: Sequence[str] = ()
) -> None:
    rows = [("all", figures)]
    rows += [
        (f"{by} {name}", figures["by"][by][name]) for by in groups or SHOWN for name in figures["by"][by]
    ]
    names = (*(measures or ("nDCG@10", "R@10", "RR@10", "Success@1")), "quote_accuracy")
    _print(f"{'':24} {'questions':>9} " + " ".join(f"{name:>14}" for name in names))
    for label, group in rows:
        values = " ".join(f"{_figure(group[name]):>14}" for name in names)
        _print(f"{_line(label):24} {group['counts']['questions']:>9} {values}")
    spreads = " ".join(f"{_interval(figures['intervals'][name]):>14}" for name in names)
    _print(f"{'95 % interval of all':24} {'':>9} {spreads}")
    if figures["abstention"]:
        facts = ", ".join(f"{name} {_figure(value)}" for name, value in figures["abstention"].items())
        _print(facts.replace("_", " ") + ".")
    if figures["marks"]:
        facts = ", ".join(f"{name} {_figure(value)}" for name, value in figures["marks"].items())
        _print(f"Marked words: {facts}.")
    counts = figures["counts"]
    if counts["failed"] or counts["missing"]:
        _print(f"Counted as 0: {counts['failed']} failed, {counts['missing']} missing.")
    _print_known_failures(figures["known_failures"])
    median = figures["milliseconds_per_question"]["median"]
    _print(
        f"{figures['seconds']:.1f} s"
        + (f", {median:.1f} ms a question (median)." if median is not None else ".")
    )


def _print_known_failures(known: dict[str, list[dict[str, str]]]) -> None:
    failing, mended = known["failing"], known["mended"]
    if failing or mended:
        _print(
            f"Known failures: {len(failing)} still fail, {len(mended)} are mended. They count in all figures."
        )
    for entry in mended:
        _print(_line(f"Mended, take its mark off: {entry['id']} ({entry['reason']})"))


def _print_comparison(comparison: Comparison, *, shown: int) -> None:
    _print(
        f"A is {_line(comparison.a)}, B is {_line(comparison.b)}: {_count(comparison.questions, 'question')}."
    )
    for name, missing in (("A", comparison.only_in_a), ("B", comparison.only_in_b)):
        if missing:
            _print(f"Only in {name}, and not compared: {_count(len(missing), 'question')}.")
    _print(
        f"\n{'':40} {'questions':>9} {'A':>7} {'B':>7} {'B - A':>7} {'95 % interval':>17} {'p':>7} {'Holm':>7}"
    )
    for test in comparison.tests:
        _print(_test_row(test))
    _print(
        f"\nB won {len(comparison.won)}, lost {len(comparison.lost)}, and {comparison.same} are the same. "
        "Holm: p corrected for all tests above; * is below 0.05."
    )
    for title, changes in (("Won", comparison.won), ("Lost", comparison.lost)):
        for change in changes[:shown]:
            _print_change(title, change)
        if len(changes) > shown:
            _print(f"\n… and {len(changes) - shown} more {title.lower()} (--show, or --json for all).")


def _test_row(test: Difference) -> str:
    from qa.evaluation.comparison import SIGNIFICANT

    spread = f"{test.interval[0]:+.3f} {test.interval[1]:+.3f}" if test.interval else "–"
    return (
        f"{_line(f'{test.measure}, {test.group}'):40} {test.questions:>9} {test.a:>7.3f} {test.b:>7.3f} "
        f"{test.difference:>+7.3f} {spread:>17} {test.p:>7.4f} {test.p_corrected:>7.4f}"
        + (" *" if test.p_corrected < SIGNIFICANT else "")
    )


def _print_change(title: str, change: Change) -> None:
    question = change.b.question
    _print(f"\n{title}: {_line(question.id)} · {_line(question.question)}")
    _print(f"   {_line(change.why)}.")
    for name, side in (("A", change.a), ("B", change.b)):
        quote = f"“{_short(_line(side.nearest), most=90, end=True)}”" if side.nearest else "no quote"
        shown = side.outcome if side.outcome is not None else f"relevant at {list(side.ranks[:3])}"
        _print(f"   {name}: {shown} · {quote} {_line(side.nearest_source or '')}".rstrip())


def _interval(spread: tuple[float, float] | None) -> str:
    return "–" if spread is None else f"{spread[0]:.3f}–{spread[1]:.3f}"


def _figure(value: float | int | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


# --- the terminal -----------------------------------------------------------------------

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")
_BLANKS = "\x0b\x0c\r\x85"


def _safe(text: str) -> str:
    """Replace, one for one, what would act on a terminal: control characters, escapes, bidi overrides.

    Lines and tabs stay. Positions stay too, so that highlights still fit.
    """
    return _UNSAFE.sub(_harmless, text)


def _harmless(found: re.Match[str]) -> str:
    character = found[0]
    if character in _BLANKS:
        return " "
    return chr(0x2400 + ord(character)) if character < " " else "\N{REPLACEMENT CHARACTER}"


def _line(text: str) -> str:
    """Return ``text`` safe and on one line."""
    return " ".join(_safe(text).split())


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _print_json(value: dict[str, Any]) -> None:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    # JSON leaves DEL and the C1 controls as they are, but a terminal would act on them.
    _print(re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text))


def _print_marked(text: str, spans: Sequence[tuple[int, int]]) -> None:
    """Print ``text`` with ``spans`` emphasised, if a terminal shows it."""
    if not sys.stdout.isatty():
        _print(text)
        return
    from rich.console import Console
    from rich.text import Text

    marked = Text(text)
    for start, end in spans:
        marked.stylize("bold underline", start, end)
    Console(file=sys.stdout).print(marked, soft_wrap=True)


def _complain(message: str) -> None:
    with suppress(BrokenPipeError):
        sys.stderr.write(_line(message) + "\n")


def _system_error(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{reason}: '{error.filename}'" if error.filename else reason


def _prepare_streams() -> None:
    # A file name may hold bytes that are no text; "\udc80" is how JSON would write them, too.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")


STEADY_SECONDS = 30.0
"""Between two lines of progress where no terminal shows a bar."""


def _steady_progress() -> Progress:
    """Return what writes a line now and then, for logs."""
    import time

    began = last = time.monotonic()

    def on_progress(done: int, total: int, _: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= STEADY_SECONDS and done:
            last = now
            left = (now - began) / done * (total - done)
            _complain(
                f"{done:,} of {total:,}, {done / (now - began):,.1f}/s, about {left / 60:.0f} min left."
            )

    return on_progress


@contextmanager
def _progress(*, silent: bool, steady: bool = False) -> Iterator[Progress | None]:
    """Show progress on standard error with rate and time left, if a terminal is there to see it.

    With ``steady`` a line is written every half minute where there is none.
    """
    if silent or not sys.stderr.isatty():
        yield _steady_progress() if steady and not silent else None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.1f}/s" if speed else "–/s")

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)

        def on_progress(done: int, total: int, label: str) -> None:
            if done < bar.tasks[0].completed:  # the next step, with a rate of its own
                bar.reset(task)
            bar.update(task, completed=done, total=total, description=_short(_line(label)))

        yield on_progress


def _short(text: str, *, most: int = 40, end: bool = False) -> str:
    """Return at most ``most`` characters; what is left out is the beginning, or the ``end``."""
    if len(text) <= most:
        return text
    return text[: most - 1] + "…" if end else "…" + text[-most + 1 :]


if __name__ == "__main__":
    main()
