"""``switchover VERB``: the command line.

Verbs are loaded when they are called, so ``--help`` imports none of them. Each lives in
``pipeline/verbs/NAME.py`` as a click command called ``command``. stdout carries results
only; progress and logs go to stderr. Exit status: 0 done, 1 failed, 2 wrong usage or input.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

import click

from pipeline import __version__, plugins
from pipeline.errors import SwitchoverError

VERBS: dict[str, str] = {
    "init": "Write .github/switchover.yml and the workflow files into a repository.",
    "doctor": "Check what this machine needs, one line each, and how to get what is missing.",
    "collect": "Collect merged pull requests and issues from GitHub or from a clone.",
    "tasks": "List the tasks that the collected pull requests make.",
    "functions": "List the functions in a source tree.",
    "generate": "Make soft-verified trajectories from a repository's own code.",
    "merge": "Put the shards of one generate together, and say which are missing.",
    "export": "Export the samples in formats that other trainers and viewers read.",
    "view": "Browse rollouts, their messages and patches, in one HTML page.",
    "train": "Fine-tune an adapter on the samples.",
    "adapters": "List, compare, gate, promote and roll back the adapters of a registry.",
    "retrain": "Train an adapter, gate it, register it, and promote it where it has passed.",
    "serve": "Serve a base model, and an adapter on it, as an OpenAI-compatible endpoint.",
    "evaluate": "Let own, base and frontier attempt fresh merged pull requests; score them.",
    "calibrate": "Measure how well line recall predicts tests, on rivals of merged pull requests.",
    "decide": "Judge from the evaluations whether the transition point is reached.",
    "plan": "Tell how many pull requests and weeks it will take until there is an answer.",
    "report": "Write the page, the record and the comment of a pull request.",
    "switch": "Set who serves the team: own, frontier, or own for a share of the work.",
    "cycle": "Run all steps that are due, in order.",
    "demo": "Run the whole cycle on a small real repository with a small real model.",
    "bot": "Receive what GitHub sends to the App, collect, and show it: the server and its pages.",
    "replay": "Have webhook deliveries of the bot handled once more.",
    "status": "Show what is done, what waits, counts by reason, and spend.",
    "forget": "Purge a repository or a person, and mark the adapters that were trained on it.",
    "summary": "Turn what another verb printed as JSON into the summary of a workflow's job.",
    "recall": "Measure how much of one patch another one reproduces.",
    "patch": "Take the patch out of a checkout that an agent has changed.",
    "sandbox": "Run a command in the sandbox.",
}
"""The path of the data, then the tools it is made of; also the order of ``--help``."""

OF_THE_BOT = {"bot", "replay"}
"""Verbs that the ``bot`` package brings; ``pipeline`` never imports it."""


class Verbs(click.Group):
    """A click group that imports a verb's module only when that verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        if name in OF_THE_BOT:
            command: click.Command = plugins.load(name)
        else:
            command = importlib.import_module(f"pipeline.verbs.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="switchover")
@click.option("-v", "--verbose", is_flag=True, help="Log more, on stderr.")
def switchover(verbose: bool) -> None:
    """Know the day your own model becomes the better choice.

    Trains an open-weight model on a team's own code, replays each fresh merged pull request
    with it and with a frontier model, and flags the transition point.

    Try it:  switchover demo
    """
    logging.basicConfig(
        stream=sys.stderr, format="%(message)s", level=logging.DEBUG if verbose else logging.INFO, force=True
    )
    if not verbose:
        for noisy in ("urllib3", "git", "httpx", "matplotlib"):
            logging.getLogger(noisy).setLevel(logging.WARNING)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: run, and turn every expected failure into one line on stderr and an exit status."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Exit status of the command line ``arguments`` (default: the process's own)."""
    try:
        result: Any = switchover.main(arguments, prog_name="switchover", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except SwitchoverError as error:
        return _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:  # its message is the help, which is no line to be squeezed
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "switchover"
        return _fail(f"{_one_line(error.format_message()).rstrip('.')}; see '{command} --help'", 2)
    except click.ClickException as error:
        return _fail(_one_line(error.format_message()), 2)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted; the same command goes on from here", 130)
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        return _fail(f"{error.filename or 'input/output'}: {error.strerror or error}", 1)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _fail(message: str, code: int) -> int:
    print(f"switchover: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
