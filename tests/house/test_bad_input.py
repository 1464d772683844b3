"""What a user gets wrong, for every verb: one line that names it, status 2, nothing on stdout, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import cli
from tests.house.conftest import Refused

SCRIPTED = "--teacher-model scripted"
MADE = f"generate --repo demo/reckon --out OUT {SCRIPTED} --samples 1"
EVALUATE = "evaluate --db ok.db --model own=scripted --out OUT"

REPOSITORIES = {
    "init missing": "missing: not the top folder of a git work tree",
    "init file": "file: not the top folder",
    "init folder": "name the folder that holds .git",
    "doctor --repo missing": "missing: no such folder; name",
    "doctor --repo file": "file: not a folder",
    "collect missing --db OUT": "missing: no such folder; give the path of a git clone",
    "collect file --db OUT": "file: not a git repository",
    "collect folder --db OUT": "folder: not a git repository",
    "collect shallow --db OUT": "run 'git -C shallow fetch --unshallow'",
    "collect owner/name --db OUT": "owner/name: no such folder, and no credentials to ask https://api.github.com",
    "collect owner/name --db OUT --payloads file": "--payloads: owner/name is asked itself",
    "collect https://github.com/owner/name --db OUT": "run 'git clone URL'",
    "functions missing": "missing: does not exist; give",
    "functions file": "file: in no known language; add --language",
    f"generate --repo missing --out OUT {SCRIPTED}": "missing: no such folder",
    f"generate --repo file --out OUT {SCRIPTED}": "file: is a file",
    f"generate --repo folder --out OUT {SCRIPTED}": "folder: not a git repository",
    f"generate --repo empty --out OUT {SCRIPTED}": "empty: has no commit at HEAD; commit something first",
    f"generate --repo nocode --out OUT {SCRIPTED}": "nocode: no function to attempt",
    "cycle --repo missing --out OUT": "missing: no such folder",
    "cycle --repo folder --out OUT": "folder: not a git repository",
    "cycle --repo shallow --out OUT": "--unshallow",
    "cycle --repo nocode --out OUT": "none of its 0 merged pull requests can be used",
    "patch --checkout missing --git-dir nocode/.git --base 1": "missing: no such folder; give an existing one with",
    "patch --checkout file --git-dir nocode/.git --base 1": "file: not a folder; give",
    "patch --checkout folder --git-dir missing --base 1": "missing: no such folder",
    "patch --checkout folder --git-dir nocode/.git --base deadbeef": "holds no commit deadbeef; give the full sha",
    "patch --checkout folder --git-dir nocode/.git --base --output=x": "holds no commit --output=x",
    "patch --checkout nocode --git-dir nocode/.git --base 1": "lies in the checkout, where the agent could write",
    "sandbox --checkout missing -- true": "missing: No such file or directory; --checkout must be",
    "sandbox --checkout file -- true": "file: is not a folder",
    "sandbox --checkout / -- true": "/: a folder of the system",
    "sandbox --checkout folder --toolchain missing -- true": "missing: No such file or directory; toolchain must be",
}

PLACES = {
    "collect demo/reckon --db folder": "folder: is a folder; name a file in it",
    "collect demo/reckon --db missing/x.db": "its folder does not exist; create missing first",
    "collect demo/reckon --db file/x.db": "file/x.db: its folder does not exist",
    "collect demo/reckon --db /proc/x.db": "/proc/x.db: cannot be opened for writing",
    "collect demo/reckon --db OUT --payloads missing": "missing: no such file; give a JSONL file",
    "collect demo/reckon --db OUT --payloads folder": "folder: no such file",
    "bot --db folder --port 0": "folder: is a folder; name a file in it",
    "bot --db missing/x.db --port 0": "its folder does not exist; create missing first",
    "bot --db file --port 0": "file: not a usable SQLite database",
    "bot --db newer.db --port 0": "newer.db: written by a newer version (step 'later')",
    "bot --db /proc/x.db --port 0": "/proc/x.db: cannot be opened for writing",
    "forget o/n --db missing": "missing: no such database",
    "forget o/n --db folder": "folder: is a folder",
    "forget o/n --db file": "file: not a usable SQLite database",
    "forget octo-tally/reckon --db ok.db --out missing": "missing: no such folder; give the --out folder",
    "forget octo-tally/reckon --db ok.db --out file": "file: no such folder",
    "tasks --db missing": "missing: no such database; make it with 'switchover collect",
    "tasks --db folder": "folder: is a folder",
    MADE.replace("OUT", "file"): "file: is a file, or lies below one; name a folder with --out",
    MADE.replace("OUT", "file/x"): "file/x: is a file, or lies below one",
    MADE.replace("OUT", "/proc/x"): "/proc/x: cannot be written",
    EVALUATE.replace("OUT", "file"): "file: is a file, or lies below one",
    EVALUATE.replace("OUT", "/proc/x"): "/proc/x: cannot be written",
    f"{EVALUATE} --adapter missing": "missing/switchover.json: not there, so missing is no finished adapter",
    f"{EVALUATE} --adapter folder": "folder is no finished adapter; run 'switchover train'",
    "export missing --format chat --out OUT": "missing: no such file or folder; name a folder of 'switchover generate'",
    "export folder --format chat --out OUT": "folder: no samples.jsonl in it; name a folder of",
    "export file --format chat --out OUT": "file:1: not JSON",
    "export samples.jsonl --format chat --out OUT": "samples.jsonl:1: field 'repo' is missing; give",
    "export samples.jsonl --format chat --out file": "file: is a file; name a folder with --out",
    "export samples.jsonl --format chat --out /proc/x": "/proc/x: cannot be written",
    "export samples.jsonl --format chat --out nocode": "nocode: is a git work tree; choose another --out",
    "train --samples missing --base small --out OUT": "missing: no such file; make one with 'switchover generate'",
    "train --samples folder --base small --out OUT": "folder: is a folder, expected a JSONL file",
    "train --samples samples.jsonl --base small --out file": "file: is a file, or lies below one",
    "train --samples samples.jsonl --base small --out /proc/x": "/proc/x: cannot be written",
    "train --samples samples.jsonl --base ./nope --out OUT": "./nope: no such model folder; give one",
    "train --samples samples.jsonl --base folder --out OUT": "folder: a folder without config.json",
    "serve --base ./nope --engine transformers": "./nope: no such model folder",
    "serve --base file --engine transformers": "file: no such model folder",
    "serve --base folder --engine transformers": "folder: a folder without config.json",
    "decide --evaluations missing": "missing: no such file; give the evaluations.jsonl",
    "decide --evaluations folder": "folder: is a folder",
    "report --evaluations missing --out OUT": "missing: no such file",
    "report --evaluations ok.jsonl --out file": "file/report.html: cannot be written",
    "report --evaluations ok.jsonl --out /proc/x": "/proc/x/report.html: cannot be written",
    "decide --evaluations ok.jsonl --check missing": "missing: cannot be read (No such file or directory); give a",
    "decide --evaluations ok.jsonl --check file": "file: not JSON",
    "decide --evaluations ok.jsonl --check ok.jsonl": "ok.jsonl: not a record",
    "decide --evaluations ok.jsonl --db folder": "folder: is a folder; name a file in it",
    "decide --evaluations ok.jsonl --db file": "file: not a usable SQLite database",
    "switch own --repo missing": "missing/.github/switchover.yml: no such file; make it with 'switchover init'",
    "switch own --repo file": "file/.github/switchover.yml: cannot be read (Not a directory); name a config file",
    "switch own --config folder": "folder: cannot be read (Is a directory)",
    "switch own --config garbage.diff": "garbage.diff: not UTF-8 at byte",
    "switch own --config file": "file: the file: expected keys and values, got 'hello'",
    "switch own --config route.yml --db missing": "missing: no such database; make it with 'switchover collect",
    "switch own --config route.yml --db ok.db --repo folder": "folder: not a git repository; give the path",
    "switch own --config anchor.yml": "anchor.yml: serve.route cannot be changed without touching other values; write",
    "cycle --repo demo/reckon --out file": "file: is a file, or lies below one",
    "cycle --repo demo/reckon --out /proc/x": "/proc/x: cannot be written",
    "cycle --repo demo/reckon --out OUT --payloads missing": "missing: no such file",
    "demo --out file": "file/repository: no folder can be made there",
    "demo --out /proc/x": "choose another place",
    "status --out missing": "missing: no such folder; name the --out folder",
    "status --out file": "file: not a folder",
    "status --out folder": "folder: nothing of a cycle is here; name",
    "view missing --out OUT": "missing: no such file; give a rollouts.jsonl, samples.jsonl or evaluations.jsonl",
    "view folder --out OUT": "folder: holds none of rollouts.jsonl, samples.jsonl, evaluations.jsonl; name the --out",
    "view ok.jsonl --out missing/x.html": "missing/x.html: cannot be written (No such file or directory); choose",
    "view ok.jsonl --out folder": "folder: cannot be written (Is a directory); choose another place with --out",
    "view ok.jsonl --out file/x": "file/x: cannot be written (Not a directory)",
    "view ok.jsonl --out /proc/x": "/proc/x: cannot be written",
    "recall missing ok.diff": "missing: cannot be read (No such file or directory); give a file",
    "recall ok.diff folder": "folder: cannot be read (Is a directory)",
    "recall ok.diff ok.diff --base missing": "missing: does not exist; give the folder",
    "recall ok.diff ok.diff --base file": "file: is a file; give the folder",
}

VALUES = {
    "collect demo/reckon --db OUT --since yesterday": "--since: 'yesterday' is not a date; write it as 2025-01-31",
    "collect demo/reckon --db OUT --limit 0": "'--limit': 0 is not in the range x>=1",
    "functions demo/reckon --language cobol": "language 'cobol' is not known; give one of python",
    f"{MADE} --samples 0": "'--samples': 0 is not in the range",
    f"{MADE} --samples 1.5": "'1.5' is not a valid integer",
    f"{MADE} --concurrency -1": "'--concurrency': -1 is not in the range",
    f"{MADE} --shard 5/4": "--shard 5/4: expected I/N with I from 1 to N, as in 1/4",
    f"{MADE} --shard x": "--shard x: expected I/N",
    f"{MADE} --limit-usd -1": "'--limit-usd': -1.0 is not in the range",
    f"{MADE} --limit-usd inf": "'--limit-usd': inf is not a finite number; leave it out",
    f"{MADE} --base nope": "demo/reckon: has no commit nope; give one that 'git log' there shows",
    f"{MADE} --base --all": "has no commit --all",
    "generate --repo demo/reckon --out OUT": "no teacher: give --teacher-url URL --teacher-model NAME",
    "export samples.jsonl --out OUT": "Missing option '--format'",
    "export --format chat --out OUT": "Missing argument 'SOURCE...'; see 'switchover export --help'",
    "export samples.jsonl --format xml --out OUT": "'xml' is not one of 'chat', 'hermes'",
    "export samples.jsonl --format chat --out OUT --first -1": "'--first': -1 is not in the range x>=0",
    "export samples.jsonl --format chat --out OUT --think loud": "'loud' is not one of 'keep_only_think'",
    "export samples.jsonl --format chat --out OUT --all": "--all: only atif and mini hold rollouts that were not kept",
    "train --samples samples.jsonl --out OUT --rank 0": "--rank: 0 is too small; give 1 or more",
    "train --samples samples.jsonl --out OUT --max-steps -1": "--max-steps: -1 is too small",
    "train --samples samples.jsonl --out OUT --learning-rate nan": "--learning-rate: nan is not above 0",
    "train --samples samples.jsonl --out OUT --seed -1": "'--seed': -1 is not in the range",
    "serve --base small --engine nope": "'nope' is not one of 'vllm', 'transformers'",
    "serve --base ok --port 99999 --engine transformers": "port 99999 cannot be listened on (out of range); give",
    f"{EVALUATE} --attempts own=0": "--attempts own=0: expected ROLE=K with K from 1 on, as in own=2",
    f"{EVALUATE} --attempts own=²": "--attempts own=²: expected ROLE=K",
    f"{EVALUATE} --attempts judge=1": "--attempts judge=1: unknown role 'judge'; one of own, base, frontier",
    f"{EVALUATE} --model judge=scripted": "--model judge=scripted: unknown role 'judge'; one of own",
    f"{EVALUATE} --model own=scripted": "--model own=scripted: own is given twice; keep one",
    f"{EVALUATE} --model base=http://h/v1": "expected ROLE=URL#NAME, as in",
    f"{EVALUATE} --task o/n#9": "--task o/n#9: no such task; there are 47, as octo-tally/reckon#",
    f"{EVALUATE} --newest 0": "'--newest': 0 is not in the range",
    "decide --evaluations ok.jsonl --margin 5": "margin: 5.0 is not from 0 to below 1; it is a share",
    "decide --evaluations ok.jsonl --margin nan": "margin: nan is not from 0",
    "decide --evaluations ok.jsonl --value 0": "--value: 0.0 is not above 0; give US dollars",
    "decide --evaluations ok.jsonl --by nope": "--by: no row has a field 'nope'; fields here: at, repo",
    "decide --evaluations ok.jsonl --switched-at someday": "--switched-at: 'someday' is not a date",
    "report --evaluations ok.jsonl --out OUT --pr 99": "--pr: no evaluation of pull request 99; known: 1",
    "decide --evaluations ok.jsonl --repo o/n": "--repo needs --db FILE",
    "decide --evaluations ok.jsonl --db OUT --repo o/x": "--repo o/x: no evaluation is of it; they are of o/n",
    "decide --evaluations ok.jsonl --db OUT --by repo": "--by does not go with --db",
    "decide --evaluations ok.jsonl --db OUT --check x": "--db and --check exclude each other; give one of them",
    "switch": "Missing argument 'own|frontier|canary=SHARE'; see 'switchover switch --help'",
    "switch base --config route.yml": "switch: serve.route: 'base' is no route; give own, frontier or canary=SHARE",
    "switch canary=2 --config route.yml": "'canary=2' is no route",
    "view": "Missing argument 'FILE...'; see 'switchover view --help'",
    "view ok.jsonl --limit 0": "'--limit': 0 is not in the range x>=1",
    "view file --out OUT": "file:1: ",
    "view samples.jsonl --out OUT": "samples.jsonl:1: neither a rollout, a sample nor an evaluation; give",
    "recall - -": "cannot both be stdin; give one of them as a file",
    "recall ok.diff ok.diff --metric x": "'x' is not one of 'own', 'sera'",
    "recall ok.diff garbage.diff": "candidate: patch line 1: no diff from here on",
    "recall garbage.diff ok.diff": "gold: patch line 1",
    "recall cut.diff ok.diff": "gold: patch line 3: the patch ends inside this hunk",
    "recall other.diff ok.diff --base nocode": "elsewhere.py: not in the base; make the patch against this base",
    "sandbox --checkout folder --time-limit 0 -- true": "the limit seconds is 0.0; give a number above 0",
    "sandbox --checkout folder --time-limit nan -- true": "the limit seconds is nan",
    "sandbox --checkout folder --memory-limit -5 -- true": "the limit memory_mb is -5",
    f"sandbox --checkout folder --memory-limit {10**20} -- true": "above 0 and below 10^12",
    "sandbox --checkout folder --output-limit 0 -- true": "the limit output_bytes is 0",
    "sandbox --checkout folder -- ": "the command is empty; give it after --",
    "bot": "Missing option '--db'; see 'switchover bot --help'",
    "bot --db OUT --port 70000": "'--port': 70000 is not in the range",
    "bot --db OUT --port 0 --host no.such.host": "bot: no.such.host:0 cannot be listened on (",
    "bot --db OUT --keep-days -1": "'--keep-days': -1 is not in the range",
    "replay": "Missing option '--db'; see 'switchover replay --help'",
    "replay --db missing --state dead": "missing: no such database",
    "replay --db ok.db": "replay: nothing is chosen; give delivery GUIDs, a state",
    "replay --db ok.db --state waiting": "'waiting' is not one of",
    "plan": "Missing option '--pulls-per-week'; see 'switchover plan --help'",
    "plan --pulls-per-week 0": "--pulls-per-week: 0.0 is not above 0",
    "plan --pulls-per-week 12 --evaluations missing": "missing",
    "forget": "Missing argument 'REPO|LOGIN'; see 'switchover forget --help'",
    "forget nobody": "Missing option '--db'",
    "forget  --db ok.db": "'': neither OWNER/NAME nor a login",
    "forget / --db ok.db": "'/': neither OWNER/NAME nor a login",
    "forget nobody --db ok.db": "nobody: nothing known of this login in ok.db; check how it is written",
    "forget o/nothing --db ok.db": "o/nothing: nothing known of this repository in ok.db; check how it is written",
    "forget nobody --db ok.db --undo": "nobody: was not purged from ok.db, so there is nothing to undo",
    "status --nope": "No such option '--nope'; see 'switchover status --help'",
    "demo extra": "unexpected extra argument (extra); see 'switchover demo --help'",
    "init empty --json extra": "unexpected extra argument (extra)",
}


@pytest.mark.parametrize(("line", "says"), [*REPOSITORIES.items(), *PLACES.items(), *VALUES.items()])
def test_a_mistake_is_one_line(refused: Refused, line: str, says: str) -> None:
    assert says in refused(line)


def test_every_verb_is_tried() -> None:
    tried = {line.split()[0] for line in (*REPOSITORIES, *PLACES, *VALUES)}
    assert tried == set(cli.VERBS)


@pytest.mark.parametrize("line", ["collect empty --db OUT", "collect nocode --db OUT", "tasks --db nopulls.db"])
def test_nothing_to_find_is_no_mistake_and_says_why(
    mistakes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], line: str
) -> None:
    monkeypatch.chdir(mistakes)
    assert cli.run([word.replace("OUT", str(tmp_path / "so.db")) for word in line.split()]) == 0
    assert capfd.readouterr().err.strip()


def test_a_refused_folder_is_free_for_the_next_command(refused: Refused, mistakes: Path, tmp_path: Path) -> None:
    refused(f"generate --repo nocode --out OUT {SCRIPTED} --samples 1")
    line = f"generate --repo {mistakes}/demo/reckon --out {tmp_path}/out {SCRIPTED} --samples 1 --json"
    assert cli.run(line.split()) == 0
