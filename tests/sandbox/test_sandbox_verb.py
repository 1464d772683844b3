"""``switchover sandbox``: exit statuses and streams, as a shell sees them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.conftest import made_by_pytest

ROOT = Path(__file__).parents[2]


def switchover(*words: object, env: dict[str, str] | None = None, **more: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pipeline.cli", "sandbox", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run(command, capture_output=True, env=environment, check=False, **more)  # type: ignore[call-overload,no-any-return]


def test_output_and_status_are_the_commands_own(checkout: Path) -> None:
    ran = switchover("--checkout", checkout, "--", "bash", "-c", "echo out; echo err >&2; echo x > made; exit 7")
    assert (ran.returncode, ran.stdout, ran.stderr) == (7, b"out\nerr\n", b"")
    assert (checkout / "made").read_text() == "x\n"


def test_the_commands_own_flags_are_not_ours(checkout: Path) -> None:
    ran = switchover("--checkout", checkout, "--", "echo", "--json", "--help", "-h", "--")
    assert (ran.returncode, ran.stdout) == (0, b"--json --help -h --\n")


def test_a_missing_program_is_127_as_in_a_shell(checkout: Path) -> None:
    assert switchover("--checkout", checkout, "--", "no-such-program").returncode == 127


def test_a_signal_is_128_and_more(checkout: Path) -> None:
    assert switchover("--checkout", checkout, "--", "bash", "-c", "kill -9 $$").returncode == 137


def test_the_time_limit_is_124(checkout: Path) -> None:
    ran = switchover("--checkout", checkout, "--time-limit", "0.2", "--", "sleep", "60")
    assert ran.returncode == 124
    assert b"time limit" in ran.stderr
    assert ran.stdout == b""


def test_limits_reach_the_command(checkout: Path) -> None:
    flags = ("--memory-limit", 300, "--process-limit", 33, "--disk-limit", 7, "--output-limit", 64)
    ran = switchover("--checkout", checkout, *flags, "--", "bash", "-c", "ulimit -u; ulimit -d; ulimit -f; seq 1000")
    assert ran.stdout.startswith(b"33\n307200\n7168\n")
    assert len(ran.stdout) == 64
    assert b"left out" in ran.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--", "true"),
        ("--checkout", "/no/such/folder", "--", "touch", "x"),
        ("--checkout", "/", "--", "touch", "x"),
        ("--checkout", "{checkout}"),
        ("--checkout", "{checkout}", "--", ""),
        ("--checkout", "{checkout}", "--time-limit", "0", "--", "touch", "x"),
        ("--checkout", "{checkout}", "--memory-limit", "many", "--", "touch", "x"),
        ("--checkout", "{checkout}", "--toolchain", "/no/such", "--", "touch", "x"),
    ],
)
def test_wrong_use_is_2_with_one_line_and_runs_nothing(checkout: Path, words: tuple[str, ...]) -> None:
    ran = switchover(*(word.replace("{checkout}", str(checkout)) for word in words))
    assert ran.returncode == 2
    assert ran.stdout == b""
    assert len(ran.stderr.splitlines()) == 1
    assert not list(checkout.iterdir())


def test_an_unavailable_sandbox_is_125_and_runs_nothing(checkout: Path) -> None:
    code = (
        "import sys, pathlib; from pipeline.rollout.sandbox import arguments; "
        "arguments.BWRAP = pathlib.Path('/no/bwrap'); from pipeline import cli; sys.exit(cli.run(sys.argv[1:]))"
    )
    words = ["sandbox", "--checkout", str(checkout), "--", "touch", "ran"]
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False, cwd=ROOT)
    assert (ran.returncode, ran.stdout) == (125, b"")
    assert len(ran.stderr.splitlines()) == 1
    assert b"apt-get install bubblewrap" in ran.stderr
    assert not (checkout / "ran").exists()


def test_json(checkout: Path) -> None:
    ran = switchover("--checkout", checkout, "--json", "--", "bash", "-c", "echo hi; exit 3")
    row = json.loads(ran.stdout)
    assert ran.returncode == row["exit_code"] == 3
    assert (row["output"], row["output_bytes"], row["stopped_for"]) == ("hi\n", 3, None)


def test_the_users_secrets_stay_out(checkout: Path) -> None:
    ran = switchover("--checkout", checkout, "--", "env", env={"SWITCHOVER_OWN_KEY": "canary", "TOKEN": "canary"})
    assert b"canary" not in ran.stdout


@pytest.mark.parametrize("python", ["/usr/bin/python3"])
def test_an_unprivileged_user_gets_the_same_walls(tmp_path: Path, python: str) -> None:
    """Root's path is tested by every other test here when the suite runs as root; this one is the runner's."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    user: dict[str, object] = {}
    if os.geteuid() == 0:
        if _version(python) != f"{sys.version_info[0]}.{sys.version_info[1]}":
            pytest.skip("no Python of this version that another user can reach")
        os.chown(checkout, 4321, 4321)
        for folder in (tmp_path, *made_by_pytest(tmp_path)):
            folder.chmod(0o755)
        user = {"user": 4321, "group": 4321, "extra_groups": []}
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    words = [python, "-m", "pipeline.cli", "sandbox", "--checkout", str(checkout), "--"]
    script = "touch made; id -u; ls /home /var 2>&1; cat /proc/self/status | grep -E '^(CapEff|Seccomp):'"
    environment = {"PYTHONPATH": f"{ROOT}:{packages}", "TOKEN": "canary"}
    ran = subprocess.run(
        [*words, "bash", "-c", script], capture_output=True, env=environment, cwd="/", check=False, **user
    )  # type: ignore[call-overload]
    assert ran.returncode == 0, ran.stderr
    assert (checkout / "made").stat().st_uid == checkout.stat().st_uid
    assert b"CapEff:\t0000000000000000\nSeccomp:\t2\n" in ran.stdout
    assert ran.stdout.count(b"No such file") == 2


def _version(python: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    ran = subprocess.run([python, "-c", code], capture_output=True, check=False, user=4321, group=4321, extra_groups=[])
    return ran.stdout.decode().strip()


def test_a_killed_switchover_takes_its_sandbox_along(checkout: Path) -> None:
    words = [sys.executable, "-m", "pipeline.cli", "sandbox", "--checkout", str(checkout), "--", "bash", "-c"]
    script = "trap '' TERM HUP; (setsid bash -c 'while :; do echo x >> beat; sleep 0.02; done' &); sleep 1000"
    with subprocess.Popen([*words, script], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while not (checkout / "beat").exists() and process.poll() is None:
            time.sleep(0.02)
        process.kill()
    size = -1
    while size != (size := (checkout / "beat").stat().st_size):
        time.sleep(1)  # the test's time limit ends this where it lives on
