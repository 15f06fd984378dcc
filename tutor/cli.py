"""The `tutor` command: reads arguments, constructs what a command needs, turns errors into one sentence.

Exit status 0 on success, 2 on a wrong call or bad input, 1 on anything that failed while working. Nothing heavy is
imported before the command is known, so `tutor --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from knowledge.weights import WeightStore
    from tutor.library import Library
    from tutor.settings import Settings

EPILOG = 'Try: tutor ask "why do we decay epsilon?" · tutor lab run bandit epsilons=[0,0.1] · tutor doctor'


class _Parser(argparse.ArgumentParser):
    """Says what was wrong in one sentence instead of printing the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["ingest"]:
        return _guarded(lambda: _ingest(arguments[1:]))
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in {"-h", "--help", "--version"}):
        arguments = ["serve", *arguments]
    parsed = _parser().parse_args(arguments)
    return _guarded(lambda: int(parsed.run(parsed)))


def _guarded(work: Any) -> int:
    """Run `work`; errors that a person can act on become one sentence on standard error."""
    from knowledge.downloads import UnknownWeightsError, WeightsError
    from knowledge.errors import BadInputError, KnowledgeError
    from labs.errors import BadParameterError, BadPermalinkError, LabError, UnknownLabError
    from tutor.commands.output import WrongCallError, tell
    from tutor.errors import BadSpecError, MessageError, SettingsError, TutorError

    try:
        return int(work())
    except (
        WrongCallError, BadInputError, BadParameterError, BadPermalinkError, UnknownLabError, SettingsError,
        BadSpecError, MessageError, UnknownWeightsError,
    ) as error:  # fmt: skip
        tell(str(error))
        return 2
    except (KnowledgeError, LabError, TutorError, WeightsError) as error:
        tell(str(error))
        return 1
    except KeyboardInterrupt:
        tell("Stopped.")
        return 130
    except BrokenPipeError:
        # The reader of our output went away, as in `tutor lab list | head -1`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    from tutor.commands import backup
    from tutor.commands.passwords import add_parser as add_passwords_parser

    parser = _Parser(
        prog="tutor",
        description="A machine-learning tutor that cites the course and runs its experiments.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    shared = _Parser(add_help=False)
    shared.add_argument("--index", type=Path, metavar="DIR", help="folder of the knowledge base")
    shared.add_argument("--course", metavar="NAME", help="one of several courses (see: tutor ingest --list)")
    model = _Parser(add_help=False)
    model.add_argument("--model", metavar="SPEC", help="openai:NAME, hf:NAME, gguf:NAME or file, none, auto")
    json_ = _Parser(add_help=False)
    json_.add_argument("--json", action="store_true", help="print one JSON object on standard output")

    serve = commands.add_parser("serve", parents=[shared, model], help="start the web page (the default)")
    serve.add_argument("--host", help="address to listen on (default 127.0.0.1: this computer only)")
    serve.add_argument("--port", type=int, help="port to listen on (default 7860; 0 picks a free one)")
    serve.add_argument("--share", action="store_true", help="a public address through Gradio's tunnel")
    serve.add_argument("--auth-file", type=Path, metavar="FILE", help="who may sign in: see tutor passwords")
    serve.add_argument("--open", action="store_true", default=None, help="serve others without a password")
    serve.add_argument("--log-json", action="store_true", help="the log as one JSON object a line")
    serve.set_defaults(run=_serve)

    ask = commands.add_parser("ask", parents=[shared, model, json_], help="one turn of the tutor")
    ask.add_argument("question")
    ask.add_argument("--session", metavar="ID", help="go on with this conversation (any name of your own)")
    ask.add_argument("--mode", metavar="MODE", help="how to teach from now on: explain, socratic or exam")
    ask.set_defaults(run=_ask)

    search = commands.add_parser("search", parents=[shared, json_], help="find passages of the course")
    search.add_argument("query", nargs="?")
    search.add_argument("--file", type=Path, metavar="Q.jsonl", help='one {"id","question"} a line')
    search.add_argument("-k", type=int, default=10, help="how many passages (default 10)")
    search.set_defaults(run=_search)

    route = commands.add_parser("route", parents=[json_], help="what the tutor would do with a message")
    route.add_argument("text", nargs="?")
    route.add_argument("--file", type=Path, metavar="U.jsonl", help='one {"id","turns":[...]} a line')
    route.set_defaults(run=_route)

    quiz = commands.add_parser("quiz", parents=[json_], help="questions, with answers and sources")
    quiz.add_argument("--lecture", type=int, metavar="N", help="only of this lecture")
    quiz.add_argument("--count", type=int, default=5, help="how many questions (default 5)")
    quiz.add_argument("--seed", type=int, default=0, help="fixes the draw and the numbers in the questions")
    quiz.set_defaults(run=_quiz)

    progress = commands.add_parser("progress", parents=[json_], help="what a student has shown to know")
    progress.add_argument("--session", metavar="ID", required=True, help="the conversation (see tutor ask)")
    progress.set_defaults(run=_progress)

    report = commands.add_parser("report", parents=[shared, json_], help="the teachers' report")
    report.add_argument("--since", metavar="WHEN", help="a date such as 2026-01-31, or 7d: seven days back")
    report.set_defaults(run=_report)

    _eval_parser(commands, [shared, model, json_])
    add_passwords_parser(commands)
    _lab_parser(commands, json_)
    _model_parser(commands, json_)
    doctor = commands.add_parser("doctor", parents=[shared, model, json_], help="what works on this machine")
    doctor.set_defaults(run=_doctor)
    backup.add_parsers(commands, json_)
    commands.add_parser("ingest", help="refresh the knowledge base from a folder (see: tutor ingest --help)")
    return parser


def _eval_parser(commands: Any, parents: list[_Parser]) -> None:
    from knowledge.question_file import FORMAT

    about = f"Measure a course on questions of your own. {FORMAT}"
    evaluate = commands.add_parser("eval", parents=parents, help="measure a course", description=about)
    evaluate.add_argument("--questions", type=Path, metavar="FILE", required=True, help="JSON lines")
    evaluate.add_argument(
        "--turns", type=int, default=20, metavar="N", help="questions put to the model, 0 to 500 (default 20)"
    )
    evaluate.set_defaults(run=_eval)


def _lab_parser(commands: Any, json_: _Parser) -> None:
    lab = commands.add_parser("lab", help="list, show, run, compare or verify the experiments")
    actions = lab.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    actions.add_parser("list", parents=[json_], help="the experiments").set_defaults(run=_lab_list)
    show = actions.add_parser("show", parents=[json_], help="one experiment and its parameters")
    show.add_argument("id")
    show.add_argument("--source", action="store_true", help="print the teaching code of its core")
    show.set_defaults(run=_lab_show)
    run = actions.add_parser("run", parents=[json_], help="run an experiment")
    run.add_argument("id", help="id of a lab, or a link such as 'lab:bandit?epsilons=[0.1]&seed=7'")
    run.add_argument("assignments", nargs="*", metavar="name=value")
    run.add_argument("--out", type=Path, metavar="DIR", help="save the pictures and the run here")
    run.add_argument("--notebook", type=Path, metavar="FILE.ipynb", help="save the run as a notebook")
    run.set_defaults(run=_lab_run)
    compare = actions.add_parser("compare", parents=[json_], help="two runs of one experiment, overlaid")
    compare.add_argument("first", metavar="RUN", help="a link, or a folder that `lab run --out` filled")
    compare.add_argument("second", metavar="RUN")
    compare.add_argument("--out", type=Path, metavar="DIR", help="save the pictures and the comparison here")
    compare.set_defaults(run=_lab_compare)
    verify = actions.add_parser("verify", parents=[json_], help="check the labs against published values")
    verify.add_argument("id", nargs="?")
    verify.set_defaults(run=_lab_verify)


def _model_parser(commands: Any, json_: _Parser) -> None:
    model = commands.add_parser("model", help="list or fetch language models")
    actions = model.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    actions.add_parser("list", parents=[json_], help="the models of the store").set_defaults(run=_model_list)
    pull = actions.add_parser("pull", help="fetch a model's weights")
    pull.add_argument("name")
    pull.set_defaults(run=_model_pull)


# --- what the commands construct ------------------------------------------------------------------------------------


_SETTINGS = ("index", "course", "model", "host", "port", "open", "auth_file")  # with options of the same name


def _settings(parsed: argparse.Namespace, **more: Any) -> Settings:
    from tutor.settings import load_settings

    named = {name: getattr(parsed, name, None) for name in _SETTINGS}
    return load_settings(**named, **more)


def _weights(settings: Settings) -> WeightStore:
    from knowledge.weights import WeightStore

    return WeightStore(settings.weights, offline=settings.offline)


def _library(settings: Settings) -> Library:
    from knowledge.paths import known_course_folder
    from tutor.library import Library

    # The course that ships is built where there is nothing yet; another one comes from its own folder.
    index = known_course_folder(settings.index, settings.course)
    return Library(index, _weights(settings), build=settings.course is None)


def _runner(settings: Settings) -> Any:
    from labs.own_data import FOLDER_VARIABLE

    # The environment, since the labs run in processes of their own and know no settings.
    os.environ.setdefault(FOLDER_VARIABLE, str(settings.data_dir / "own_data"))
    if settings.labs_cluster:
        from labs.cluster import ClusterRunner

        return ClusterRunner(settings.labs_cluster, settings.lab_time_limit, settings.lab_memory_mb)
    from labs.runner import LabRunner

    return LabRunner(settings.lab_workers, settings.lab_time_limit, settings.lab_memory_mb)


# --- the commands ----------------------------------------------------------------------------------------------------


def _serve(parsed: argparse.Namespace) -> int:
    settings = _settings(parsed, log="json" if parsed.log_json else None)
    from tutor.commands.serve import check_open, serve

    check_open(settings, parsed.share)
    return serve(
        settings, _library(settings), _weights(settings), _runner(settings), parsed.share, settings.auth_file
    )


def _ask(parsed: argparse.Namespace) -> int:
    from contextlib import suppress
    from types import SimpleNamespace

    from tutor.commands import ask
    from tutor.commands.output import Progress
    from tutor.errors import LibraryError
    from tutor.models.factory import make_model
    from tutor.models.spec import parse_spec
    from tutor.sessions import SessionStore, new_session_id
    from tutor.teaching.modes import set_mode
    from tutor.tutor import Tutor, check_message

    check_message(parsed.question)
    settings = _settings(parsed)
    parse_spec(settings.model)  # a misspelt model is said before anything is fetched
    sessions = SessionStore(settings.sessions_url, settings.course or "")
    if parsed.session and (course := sessions.course_of(parsed.session)) is not None:
        settings = ask.in_course(settings, parsed.session, parsed.course, course)
    session = parsed.session or new_session_id()
    if parsed.mode is not None:
        set_mode(sessions, session, parsed.mode)
    library = _library(settings)
    library.start()
    progress = Progress(quiet=parsed.json)
    model = make_model(
        settings.model, settings, _weights(settings), lambda d, t, what: progress(d / t if t else 0.0, what)
    )
    with suppress(LibraryError):  # labs work without the course; a question says what is wrong
        library.wait(tick=lambda status: progress(status.fraction, status.message))
    progress.clear()
    runner = _runner(settings)
    try:
        tutor = Tutor(library, runner, SimpleNamespace(current=model), sessions)
        return ask.ask(
            tutor,
            parsed.question,
            session,
            settings.cache_dir / "figures",
            parsed.json,
        )
    finally:
        runner.close()
        model.close()


def _search(parsed: argparse.Namespace) -> int:
    from tutor.commands import ask
    from tutor.commands.output import Progress, WrongCallError

    if not 1 <= parsed.k <= 100:
        raise WrongCallError(f"-k {parsed.k} is out of range: ask for 1 to 100 passages.")
    progress = Progress(quiet=parsed.json)
    base = _library(_settings(parsed)).wait(tick=lambda status: progress(status.fraction, status.message))
    progress.clear()
    return ask.search(base, parsed.query, parsed.file, parsed.k, parsed.json)


def _route(parsed: argparse.Namespace) -> int:
    from functools import cache

    from labs.registry import LABS
    from tutor.commands import ask
    from tutor.planning.router import Router
    from tutor.planning.sense import installed

    settings = _settings(parsed)
    router = cache(lambda: Router(LABS, installed(_weights(settings))))
    return ask.route(router, parsed.text, parsed.file, parsed.json)


def _quiz(parsed: argparse.Namespace) -> int:
    from tutor.commands import quiz

    return quiz.print_quiz(parsed.lecture, parsed.count, parsed.seed, parsed.json)


def _progress(parsed: argparse.Namespace) -> int:
    from tutor.commands import quiz
    from tutor.progress import ProgressStore
    from tutor.sessions import SessionStore, check_session_id

    check_session_id(parsed.session)
    store = ProgressStore(SessionStore(_settings(parsed).sessions_url))
    return quiz.print_progress(store, parsed.session, parsed.json)


def _report(parsed: argparse.Namespace) -> int:
    from tutor.commands import report

    settings = _settings(parsed)
    return report.print_report(settings, _library(settings), parsed.since, parsed.json)


def _eval(parsed: argparse.Namespace) -> int:
    from tutor.commands import eval as evaluation
    from tutor.commands.output import WrongCallError
    from tutor.models.factory import make_model
    from tutor.models.spec import parse_spec

    if not 0 <= parsed.turns <= 500:
        raise WrongCallError(f"--turns {parsed.turns} is out of range: put 0 to 500 questions to the model.")
    settings = _settings(parsed)
    parse_spec(settings.model)
    return evaluation.evaluate(
        _library(settings),
        lambda: make_model(settings.model if parsed.turns else "none", settings, _weights(settings)),
        parsed.questions,
        parsed.turns,
        parsed.json,
    )


def _lab_list(parsed: argparse.Namespace) -> int:
    from tutor.commands import lab

    return lab.list_labs(parsed.json)


def _lab_show(parsed: argparse.Namespace) -> int:
    from tutor.commands import lab

    return lab.show_lab(parsed.id, parsed.source, parsed.json)


def _lab_run(parsed: argparse.Namespace) -> int:
    from tutor.commands import lab

    runner = _runner(_settings(parsed))
    try:
        return lab.run_lab(
            runner,
            parsed.id,
            parsed.assignments,
            out=parsed.out,
            notebook=parsed.notebook,
            as_json=parsed.json,
        )
    finally:
        runner.close()


def _lab_compare(parsed: argparse.Namespace) -> int:
    from tutor.commands import lab

    runner = _runner(_settings(parsed))
    try:
        return lab.compare_runs(runner, parsed.first, parsed.second, out=parsed.out, as_json=parsed.json)
    finally:
        runner.close()


def _lab_verify(parsed: argparse.Namespace) -> int:
    from tutor.commands import lab

    return lab.verify(parsed.id, parsed.json)


def _model_list(parsed: argparse.Namespace) -> int:
    from tutor.commands import model

    settings = _settings(parsed)
    return model.list_models(settings, _weights(settings), parsed.json)


def _model_pull(parsed: argparse.Namespace) -> int:
    from tutor.commands import model

    return model.pull(_weights(_settings(parsed)), parsed.name)


def _doctor(parsed: argparse.Namespace) -> int:
    from tutor.commands import doctor

    return doctor.doctor(lambda: _settings(parsed), _weights, parsed.json)


def _ingest(arguments: Sequence[str]) -> int:
    from knowledge.command import main as ingest
    from knowledge.embedding import Embedder
    from tutor.library import EMBEDDING
    from tutor.settings import load_settings

    settings = load_settings()
    return ingest(
        arguments,
        make_embedder=lambda progress: Embedder(_weights(settings).fetch(EMBEDDING, progress)),
        default_index=settings.index,
        default_course=settings.course,
        prog="tutor ingest",
    )


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"tutor {version('ml-tutor')}"
    except PackageNotFoundError:
        return "tutor (not installed)"
