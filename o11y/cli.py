"""The ``o11y`` command. Each subcommand imports what it needs when it runs, so that ``--help`` is quick."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from o11y import __version__

if TYPE_CHECKING:
    from o11y.settings import Settings

Runner = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 the command says no, 2 it could not be asked (usage, settings)."""
    os.umask(0o077)  # what o11y writes holds what its users do, also in a folder that others may enter
    arguments = _parser().parse_args(argv)
    runner: Runner = arguments.run
    try:
        return runner(arguments)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "o11y":
            raise
        return _say(f"{error.name} is not installed; `pip install 'o11y[embedded]'` brings what this needs", 2)
    except Exception as error:
        code = _expected(error)
        if code is None:
            raise
        return _say(str(error), code)


def _expected(error: Exception) -> int | None:
    """The exit code of an error whose words are enough; None for one that deserves its traceback."""
    from o11y.commands.errors import CommandError
    from o11y.settings import SettingsError
    from o11y.slo.objectives_file import ObjectivesError
    from o11y.worker.ports import FolderTaken, StoreError

    if isinstance(error, CommandError):
        return error.code
    if isinstance(error, SettingsError | ObjectivesError | FolderTaken | ValueError):
        return 2
    if isinstance(error, StoreError):
        return 1
    from o11y.stores import StartFailed  # last: it imports everything

    return 1 if isinstance(error, StartFailed) else None


def _say(message: str, code: int) -> int:
    sys.stderr.write(f"o11y: {message}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="o11y", description="Burn-rate alerting for LLM gateways.")
    parser.add_argument("--version", action="version", version=f"o11y {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the worker")
    serve.add_argument("--role", choices=("all", "ingest", "evaluate"), default="all", help="default: all")
    serve.set_defaults(run=_serve)

    check = commands.add_parser("check", help="validate an objectives file and show what it means")
    check.add_argument("file", type=Path, nargs="?", help="default: O11Y_OBJECTIVES_FILE, or the shipped one")
    check.set_defaults(run=_check)

    commands.add_parser("migrate", help="bring the database up to date").set_defaults(run=_migrate)

    tick = commands.add_parser("tick", help="what an evaluation at a time finds")
    tick.add_argument("--at", metavar="TIME", help="RFC 3339 or unix seconds; default: now")
    tick.add_argument("--dry-run", action="store_true", required=True, help="only print: the worker alone notifies")
    tick.add_argument("--json", action="store_true")
    tick.set_defaults(run=_tick)

    explain = commands.add_parser("explain", help="why did it page, or not?")
    for name in ("client", "provider", "model"):
        explain.add_argument(name, metavar=name.upper())
    explain.add_argument("--at", metavar="TIME", help="RFC 3339 or unix seconds; default: now")
    explain.add_argument("--json", action="store_true")
    explain.set_defaults(run=_explain)

    budget = commands.add_parser("budget", help="how every error budget stands, the most spent first")
    for name in ("client", "provider", "model", "objective"):
        budget.add_argument(f"--{name}", metavar="NAME", help="this one alone, or those with this in their name")
    budget.add_argument("--at", metavar="TIME", help="RFC 3339 or unix seconds; default: now")
    budget.add_argument("--limit", type=int, default=50, metavar="N", help="rows; default: 50")
    budget.add_argument("--json", action="store_true")
    budget.set_defaults(run=_budget)

    spool = commands.add_parser("spool", help="what waits, and what was set aside").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing = spool.add_parser("list", help="batches that ClickHouse refused")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_spool_list)
    retry = spool.add_parser("retry", help="queue such a batch again")
    retry.add_argument("batch", metavar="BATCH")
    retry.set_defaults(run=_spool_retry)

    notify = commands.add_parser("notify", help="try the receivers").add_subparsers(required=True, metavar="ACTION")
    test = notify.add_parser("test", help="send each receiver a message that is marked as a test")
    test.add_argument("--severity", choices=("page", "ticket"), help="its receiver alone; default: both")
    test.add_argument("--json", action="store_true")
    test.set_defaults(run=_notify_test)

    _silence_parser(commands)

    replay = commands.add_parser("replay", help="a recorded trace through the real worker")
    replay.add_argument("files", type=Path, nargs="+", metavar="FILE", help="NDJSON events, .gz or not")
    replay.add_argument("--client", default="replay", metavar="NAME", help="the client they are from; default: replay")
    _replay_options(replay)
    replay.set_defaults(run=_replay)

    demo = commands.add_parser("demo", help="replay the real outage that ships with o11y")
    _replay_options(demo)
    demo.set_defaults(run=_demo)
    return parser


def _silence_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    silence = commands.add_parser("silence", help="what is not told, and until when").add_subparsers(
        required=True, metavar="ACTION"
    )
    add = silence.add_parser("add", help="tell nobody of the alerts that all matchers fit")
    add.add_argument(
        "matchers", nargs="+", metavar="MATCHER", help='provider=openai, model=~"openai/gpt-.*", severity!=page'
    )
    end = add.add_mutually_exclusive_group(required=True)
    end.add_argument("--for", dest="lasts", metavar="DURATION", help="30m, 2h, 7d")
    end.add_argument("--until", metavar="TIME", help="RFC 3339 or unix seconds")
    add.add_argument("--start", metavar="TIME", help="default: now")
    add.add_argument("--comment", required=True, metavar="TEXT", help="why, for those who wonder")
    add.add_argument("--author", metavar="NAME", help="default: you@this-machine")
    add.add_argument("--json", action="store_true")
    add.set_defaults(run=_silence_add)
    listing = silence.add_parser("list", help="those in force and to come")
    listing.add_argument("--all", action="store_true", help="also those that ended in the last five days")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_silence_list)
    expire = silence.add_parser("expire", help="end one now")
    expire.add_argument("id", metavar="ID")
    expire.set_defaults(run=_silence_expire)


def _replay_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--objectives", type=Path, metavar="FILE", help="default: as for serve")
    parser.add_argument("--json", action="store_true", help="one object an alert told, on stdout")


def _settings(**overrides: object) -> "Settings":
    from o11y.settings import load_settings

    return load_settings(**{name: value for name, value in overrides.items() if value is not None})


def _serve(arguments: argparse.Namespace) -> int:
    import asyncio

    from o11y.app import Role
    from o11y.commands import serve
    from o11y.http.event_loop import loop_factory
    from o11y.logs import start_logging

    settings = _settings()
    start_logging(settings.log_level)
    with asyncio.Runner(loop_factory=loop_factory(settings.server)) as runner:
        runner.run(serve.run(settings, Role(arguments.role)))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from o11y.commands import check
    from o11y.settings import shipped_config

    path = arguments.file or _settings().objectives_file or shipped_config("objectives.yaml")
    return check.run(path, sys.stdout)


def _migrate(arguments: argparse.Namespace) -> int:
    from o11y.commands import migrate

    return migrate.run(_settings())


def _tick(arguments: argparse.Namespace) -> int:
    from o11y.commands import ask

    return ask.tick(_settings(), at=arguments.at, as_json=arguments.json)


def _explain(arguments: argparse.Namespace) -> int:
    from o11y.commands import ask

    return ask.explain(
        _settings(),
        client=arguments.client,
        provider=arguments.provider,
        model=arguments.model,
        at=arguments.at,
        as_json=arguments.json,
    )


def _budget(arguments: argparse.Namespace) -> int:
    from o11y.commands import budget

    return budget.budget(
        _settings(),
        client=arguments.client,
        provider=arguments.provider,
        model=arguments.model,
        objective=arguments.objective,
        at=arguments.at,
        limit=arguments.limit,
        as_json=arguments.json,
    )


def _spool_list(arguments: argparse.Namespace) -> int:
    from o11y.commands import ask

    return ask.spool_list(_settings(), as_json=arguments.json)


def _spool_retry(arguments: argparse.Namespace) -> int:
    from o11y.commands import ask

    return ask.spool_retry(_settings(), batch=arguments.batch)


def _notify_test(arguments: argparse.Namespace) -> int:
    from o11y.commands import notify
    from o11y.slo.windows import Severity

    chosen = [Severity(arguments.severity)] if arguments.severity else list(Severity)
    return notify.test(_settings(), chosen, as_json=arguments.json)


def _silence_add(arguments: argparse.Namespace) -> int:
    from o11y.commands import silences

    return silences.add(
        _settings(),
        arguments.matchers,
        comment=arguments.comment,
        author=arguments.author,
        start=arguments.start,
        lasts=arguments.lasts,
        until=arguments.until,
        as_json=arguments.json,
    )


def _silence_list(arguments: argparse.Namespace) -> int:
    from o11y.commands import silences

    return silences.listing(_settings(), ended=arguments.all, as_json=arguments.json)


def _silence_expire(arguments: argparse.Namespace) -> int:
    from o11y.commands import silences

    return silences.expire(_settings(), arguments.id)


def _replay(arguments: argparse.Namespace) -> int:
    from o11y.commands import replay

    settings = _settings(objectives_file=arguments.objectives)
    return replay.run(settings, arguments.files, client=arguments.client, as_json=arguments.json)


def _demo(arguments: argparse.Namespace) -> int:
    from o11y.commands import replay

    return replay.main_demo(_settings(objectives_file=arguments.objectives), as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
