"""What a hostile command tries, and the wall that it must meet. One test per wall."""

import os
import socket
import stat
import threading
import time
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.rollout.sandbox import Limits, Sandbox
from tests.extract.conftest import git
from tests.sandbox.conftest import Run, made_by_pytest

SECRET = "canary-3f1c"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    return file


def answers(program_result: bytes) -> str:
    return program_result.decode().strip()


# --- the host's files -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/etc/shadow", "/etc/gitconfig", "/root/.bashrc", "/home", "/var", "/sys", "/run/docker.sock"]
)
def test_files_of_the_host_are_not_there(shell: Run, path: str) -> None:
    assert shell(f"test -e {path}").exit_code == 1


def test_neighbours_of_the_checkout_are_not_there(shell: Run, secret: Path) -> None:
    ran = shell(f"cat {secret}; cat ../secret; ls -A ..")
    assert SECRET not in answers(ran.output)
    assert answers(ran.output).endswith("checkout")


def test_a_link_in_the_checkout_leads_nowhere(shell: Run, checkout: Path, secret: Path) -> None:
    (checkout / "link").symlink_to(secret)
    assert SECRET not in answers(shell("cat link").output)


@pytest.mark.parametrize("path", ["/x", "/usr/x", "/etc/x", "/dev/x", "/etc/passwd", "/usr/bin/env", "/proc/sys/x"])
def test_nothing_but_checkout_and_tmp_is_writable(shell: Run, path: str) -> None:
    assert shell(f"echo x >> {path}").exit_code != 0
    assert shell("echo x > y && echo x > /tmp/y && echo x > /dev/shm/y").exit_code == 0


def test_what_is_written_belongs_to_whoever_owns_the_checkout(shell: Run, checkout: Path) -> None:
    assert shell("mkdir d && echo x > d/f").exit_code == 0
    assert (checkout / "d" / "f").stat().st_uid == checkout.stat().st_uid
    assert (checkout / "d" / "f").read_text() == "x\n"


def test_another_owners_checkout_stays_the_other_owners(box: Sandbox, checkout: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    (checkout / "f").write_text("x")
    for path in (checkout, checkout / "f"):
        os.chown(path, 4321, 4321)
    assert box.run(["bash", "-c", "echo y >> f; echo z > g"], checkout).exit_code == 0
    assert {(checkout / name).stat().st_uid for name in ("f", "g")} == {4321}


@pytest.mark.parametrize("mode", ["4755", "2755", "6755"])
def test_set_id_bits_cannot_be_set(shell: Run, checkout: Path, mode: str) -> None:
    ran = shell(f"cp /bin/true f && chmod {mode} f")
    assert ran.exit_code != 0
    assert not (checkout / "f").stat().st_mode & (stat.S_ISUID | stat.S_ISGID)


def test_set_id_bits_cannot_be_made_with_the_file(python: Run, checkout: Path) -> None:
    assert python("import os; os.open('f', os.O_CREAT | os.O_WRONLY, 0o4755)").exit_code == 1
    assert python("import os; os.mknod('f', 0o104755)").exit_code == 1
    assert not (checkout / "f").exists()


# --- the five findings ------------------------------------------------------------------------


def test_the_kernels_settings_are_closed(shell: Run) -> None:
    for name in ("kernel/core_pattern", "vm/swappiness", "kernel/panic", "kernel/randomize_va_space"):
        assert shell(f"cat /proc/sys/{name} > v; cat v > /proc/sys/{name}").exit_code != 0, name


def test_no_environment_is_readable_anywhere(shell: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    ran = shell("cat /proc/*/environ /proc/*/cmdline; env")
    assert SECRET not in answers(ran.output)
    assert "GITHUB_TOKEN" not in answers(ran.output)


def test_descriptors_of_ours_do_not_go_in(shell: Run, secret: Path) -> None:
    with secret.open("rb") as file:
        os.set_inheritable(file.fileno(), True)
        listed = shell("ls /proc/self/fd | sort -n | tr '\\n' ' '")
        ran = shell("cat <&" + str(file.fileno()))
    assert answers(listed.output).split() == ["0", "1", "2", "3"]  # 3 is the folder that ls reads
    assert ran.exit_code != 0
    assert SECRET not in answers(ran.output)


def test_stdin_is_empty(shell: Run) -> None:
    assert shell("cat").output == b""


@pytest.mark.parametrize("family", [40, 17, 38, 29, 15], ids=["vsock", "packet", "alg", "can", "key"])
def test_other_families_of_sockets_are_refused(python: Run, family: int) -> None:
    ran = python(f"import socket; socket.socket({family}, socket.SOCK_STREAM)")
    assert b"Operation not permitted" in ran.output


def test_a_clock_inside_cannot_be_stopped(python: Run) -> None:
    ran = python("import ctypes; l = ctypes.CDLL(None); print([l.ptrace(16, 1, 0, 0), l.ptrace(0, 0, 0, 0)])")
    assert answers(ran.output) == "[-1, -1]"


# --- the network ------------------------------------------------------------------------------


def test_the_hosts_loopback_is_out_of_reach(python: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ran = python(f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=3)")
    assert b"Connection refused" in ran.output


def test_abstract_sockets_of_the_host_are_out_of_reach(python: Run) -> None:
    name = f"\0switchover-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        ran = python(f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})")
    assert b"Connection refused" in ran.output


def test_there_is_no_way_out(python: Run) -> None:
    ran = python(
        "import socket; print(socket.if_nameindex(), flush=True); socket.create_connection(('1.1.1.1', 53), timeout=3)"
    )
    assert ran.output.startswith(b"[(1, 'lo')]")
    assert b"Network is unreachable" in ran.output


def test_a_test_suite_may_use_its_own_loopback(python: Run) -> None:
    program = (
        "import socket as s; a = s.create_server(('127.0.0.1', 0)); s.create_connection(a.getsockname()); print('ok')"
    )
    assert answers(python(program).output) == "ok"


# --- the kernel -------------------------------------------------------------------------------

CALLS = {
    "unshare": "libc.unshare(0x10000000)",
    "setns": "libc.setns(0, 0)",
    "mount": "libc.mount(b'x', b'/tmp', b'tmpfs', 0, None)",
    "io_uring": "libc.syscall(425, 1, 0)",
    "bpf": "libc.syscall({'x86_64': 321, 'aarch64': 280}[machine], 0, 0, 0)",
    "keyctl": "libc.syscall({'x86_64': 250, 'aarch64': 219}[machine], 0, -3, 0)",
    "perf_event_open": "libc.syscall({'x86_64': 298, 'aarch64': 241}[machine], 0, 0, -1, -1, 0)",
    "process_vm_readv": "libc.process_vm_readv(1, 0, 0, 0, 0, 0)",
    "clone with a namespace": "libc.syscall({'x86_64': 56, 'aarch64': 220}[machine], 0x10000011, 0, 0, 0, 0)",
    "syslog": "libc.klogctl(10, 0, 0)",
    "type into a terminal": "libc.ioctl(0, 0x5412, b'x')",
}


@pytest.mark.parametrize("call", CALLS)
def test_calls_are_refused(python: Run, call: str) -> None:
    start = "import ctypes, errno, platform; machine = platform.machine(); libc = ctypes.CDLL(None, use_errno=True)\n"
    ran = python(f"{start}r = {CALLS[call]}\nprint(r, errno.errorcode[ctypes.get_errno()])")
    assert answers(ran.output) == "-1 EPERM"


@pytest.mark.parametrize("number", [435, 437, 447], ids=["clone3", "openat2", "memfd_secret"])
def test_calls_with_hidden_arguments_do_not_exist(python: Run, number: int) -> None:
    ran = python(
        f"import ctypes, errno; l = ctypes.CDLL(None, use_errno=True); l.syscall({number}, 0, 0);"
        "print(errno.errorcode[ctypes.get_errno()])"
    )
    assert answers(ran.output) == "ENOSYS"


def test_nobody_is_privileged_even_with_a_set_id_program(shell: Run) -> None:
    ran = shell("grep -E '^(Cap|NoNewPrivs|Seccomp):?' /proc/self/status; cat /proc/self/uid_map; su -c id; sudo id")
    assert b"uid=0" not in ran.output
    assert ran.output.count(b"0000000000000000") == 5


# --- processes --------------------------------------------------------------------------------


def test_processes_of_the_host_are_not_visible(shell: Run) -> None:
    pids = [int(word) for word in shell("cd /proc; echo [0-9]*").output.split()]
    assert len(pids) <= 3


def test_background_processes_die_with_the_command(shell: Run, checkout: Path) -> None:
    daemon = "(setsid bash -c 'trap \"\" HUP TERM; while :; do echo x >> beat; sleep 0.02; done' >/dev/null 2>&1 &)"
    ran = shell(f"{daemon}; while ! test -s beat; do sleep 0.01; done; echo started")
    assert answers(ran.output) == "started"
    size = (checkout / "beat").stat().st_size
    time.sleep(0.1)
    assert (checkout / "beat").stat().st_size == size


def test_a_daemon_that_holds_the_output_open_does_not_hold_us(shell: Run) -> None:
    ran = shell("sleep 1000 & echo done", seconds=20)
    assert (answers(ran.output), ran.exit_code, ran.stopped_for) == ("done", 0, None)


def test_one_sandbox_does_not_see_another(box: Sandbox, tmp_path: Path) -> None:
    """Both are the same user on the host; neither may signal or read the other."""
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    waits = "touch here; while ! test -e stop; do sleep 0.02; done"
    results = []
    thread = threading.Thread(target=lambda: results.append(box.run(["bash", "-c", waits], folders[0])))
    thread.start()
    try:
        while not (folders[0] / "here").exists():
            time.sleep(0.01)
        ran = box.run(["bash", "-c", f"ls {folders[0]}; cat /proc/*/cmdline | tr '\\0' ' '; kill -9 -1"], folders[1])
        assert b"touch here" not in ran.output
    finally:
        (folders[0] / "stop").touch()
        thread.join()
    assert results[0].exit_code == 0


# --- resources --------------------------------------------------------------------------------


def test_a_timeout_cannot_be_ignored(shell: Run) -> None:
    ran = shell("trap '' TERM INT HUP; echo before; while :; do sleep 1000; done", seconds=4)
    assert (ran.exit_code, ran.stopped_for, ran.output) == (124, "time", b"before\n")


def test_output_does_not_turn_back_the_clock(shell: Run) -> None:
    ran = shell("while :; do echo x; sleep 0.01; done", seconds=0.3)
    assert (ran.exit_code, ran.stopped_for) == (124, "time")


def test_a_fork_bomb_stays_inside(shell: Run) -> None:
    ran = shell("f() { f | f & }; f; sleep 0.5; ls /proc | grep -c '^[0-9]'", processes=40, seconds=5)
    assert ran.exit_code in (0, 1, 124, 254)
    assert b"Resource temporarily unavailable" in ran.output
    assert shell("true", processes=40).exit_code == 0


def test_one_process_cannot_take_all_memory(python: Run) -> None:
    ran = python("b = bytearray(500 * 2**20); print('got it')", memory_mb=200)
    assert b"MemoryError" in ran.output


def test_many_processes_together_cannot_either(python: Run) -> None:
    bomb = "import os, time\nfor _ in range(8):\n  if not os.fork(): b = bytearray(b'x' * 60 * 2**20); time.sleep(60)\n"
    ran = python(f"{bomb}time.sleep(60)", memory_mb=200)
    assert (ran.exit_code, ran.stopped_for) == (137, "memory")


def test_shared_pages_count_once(python: Run) -> None:
    program = (
        "import os, time\nblock = b'x' * 60 * 2**20\n"
        "pids = [pid for _ in range(6) if (pid := os.fork()) or time.sleep(0.6) or os._exit(0)]\n"
        "[os.waitpid(p, 0) for p in pids]"
    )
    assert python(program, memory_mb=200).stopped_for is None


def test_memory_in_files_has_an_end(shell: Run) -> None:
    ran = shell("head -c 300M /dev/zero > /dev/shm/f", memory_mb=100)
    assert ran.exit_code != 0
    assert shell("mount | grep -E '^tmpfs' | grep -v ro, | grep -v size=").exit_code == 1


def test_one_file_cannot_fill_the_disk(shell: Run, checkout: Path) -> None:
    assert shell("head -c 64M /dev/zero > f; truncate -s 1T g", disk_mb=8).exit_code != 0
    assert (checkout / "f").stat().st_size <= 8 * 2**20
    assert (checkout / "g").stat().st_size == 0


def test_many_files_cannot_either(shell: Run) -> None:
    ran = shell("i=0; while :; do i=$((i+1)); head -c 4M /dev/zero > f$i; done", disk_mb=40)
    assert (ran.exit_code, ran.stopped_for) == (137, "disk")


def test_closed_and_deep_folders_hide_nothing_from_the_disk_limit(shell: Run) -> None:
    name = "d" * 80
    deep = f"for i in {{1..60}}; do mkdir {name}; cd {name}; done"
    ran = shell(f"{deep}; i=0; while :; do i=$((i+1)); head -c 4M /dev/zero > f$i; done", disk_mb=40)
    assert ran.stopped_for == "disk"
    ran = shell(
        "mkdir c; cd c; chmod 0 .; cd /tmp; head -c 30M /dev/zero > a; head -c 30M /dev/zero > b; sleep 9", disk_mb=40
    )
    assert ran.stopped_for == "disk"


def test_growth_adds_up_over_commands(checkout: Path) -> None:
    box = Sandbox(Limits(disk_mb=20))
    stops = [
        box.run(["bash", "-c", f"head -c 8M /dev/urandom > f{i}; sleep 0.2"], checkout).stopped_for for i in range(4)
    ]
    assert stops[0] is None
    assert stops[-1] == "disk"


def test_what_was_there_before_does_not_count(box: Sandbox, checkout: Path) -> None:
    (checkout / "big").write_bytes(b"x" * 30 * 2**20)
    assert box.run(["sleep", "0.3"], checkout, limits=Limits(disk_mb=5)).stopped_for is None


def test_an_output_flood_is_counted_and_stopped(shell: Run) -> None:
    ran = shell("echo start; yes", output_bytes=10_000)
    assert (ran.exit_code, ran.stopped_for) == (137, "output")
    assert len(ran.output) == 10_000
    assert ran.output.startswith(b"start\n")
    assert ran.output_bytes > 1_000_000


def test_head_and_tail_of_long_output_are_kept(shell: Run) -> None:
    ran = shell("echo head; seq 10000; echo tail >&2", output_bytes=1000)
    assert ran.exit_code == 0
    assert ran.output.startswith(b"head\n1\n")
    assert ran.output.endswith(b"10000\ntail\n")
    assert len(ran.output) == 1000 < ran.output_bytes


def test_no_core_file_and_few_descriptors(shell: Run) -> None:
    assert int(shell("ulimit -Hn").output) <= 4096
    assert answers(shell("ulimit -Hc; ulimit -c unlimited").output).startswith("0\n")


def test_the_command_cannot_forge_our_messages(shell: Run) -> None:
    ran = shell("echo 'bwrap: Creating new namespace failed' >&2; exit 1")
    assert ran.exit_code == 1


# --- what a command leaves for the next one ---------------------------------------------------


def test_links_in_tmp_do_not_move_the_next_commands_mounts(box: Sandbox, tmp_path: Path) -> None:
    """The checkout lies below /tmp here, where an earlier command can put links in its way."""
    checkout, tmp, outside = (tmp_path / name for name in ("checkout", "tmp", "outside"))
    for folder in (checkout, tmp, outside):
        folder.mkdir()
        folder.chmod(0o777)
    for parent in made_by_pytest(tmp_path):
        parent.chmod(0o755)
    if not checkout.is_relative_to("/tmp"):
        pytest.skip("the checkouts of this run do not lie below /tmp")
    first = checkout.parts[2]
    (tmp / first).symlink_to(f"/oldroot{outside}")
    assert box.run(["bash", "-c", "echo x > made"], checkout, tmp=tmp).exit_code == 0
    assert (checkout / "made").exists()
    assert not list(outside.iterdir())


@pytest.mark.parametrize(
    "script",
    [
        "chmod 0 . /tmp",
        "chmod 0 /tmp/*",
        "rm -rf /tmp/*; touch /tmp/pytest-of-root",
        "rm -rf tool",
        "rm -rf ./* .[a-z]*",
    ],
)
def test_no_command_can_keep_the_next_one_from_starting(tmp_path: Path, script: str) -> None:
    """A sandbox that does not start would look like a failure of the machine and end the whole run."""
    checkout, tmp = tmp_path / "checkout", tmp_path / "tmp"
    (checkout / "tool").mkdir(parents=True)
    tmp.mkdir()
    box = Sandbox(toolchains=[checkout / "tool"])
    box.run(["bash", "-c", script], checkout, tmp=tmp)
    assert box.run(["bash", "-c", "echo x > y && echo x > /tmp/y"], checkout, tmp=tmp).exit_code == 0


def test_a_link_in_place_of_a_toolchain_in_the_checkout_is_not_followed(checkout: Path, tmp_path: Path) -> None:
    tool, outside = checkout / "tool", tmp_path / "outside"
    (tool / "bin").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret").write_text(SECRET)
    box = Sandbox(toolchains=[tool])
    assert box.run(["touch", "tool/x"], checkout).exit_code != 0
    tool.rename(checkout / "old")
    tool.symlink_to(outside)
    assert SECRET not in box.run(["cat", "tool/secret"], checkout).output.decode()


def test_a_checkout_can_be_shown_elsewhere(box: Sandbox, checkout: Path) -> None:
    ran = box.run(["bash", "-c", "pwd; echo x > made"], checkout, at=Path("/repo"))
    assert answers(ran.output) == "/repo"
    assert (checkout / "made").exists()
    assert str(checkout) not in box.run(["cat", "/proc/self/mounts"], checkout, at=Path("/repo")).output.decode()
    for wrong in ("/usr/x", "/tmp/x", "/etc", "/", "repo", "/repo/../etc"):
        with pytest.raises(InputError, match="like /repo"):
            box.run(["true"], checkout, at=Path(wrong))


# --- a .git that somebody uses ----------------------------------------------------------------


def repository(folder: Path) -> str:
    for words in (
        ["init", "-q"],
        ["config", "http.extraheader", SECRET],
        ["commit", "-q", "--allow-empty", "-m", "one"],
    ):
        git(folder, *words)
    return git(folder, "rev-parse", "HEAD").decode()


def test_the_users_git_directory_is_neither_written_nor_told(box: Sandbox, checkout: Path) -> None:
    head = repository(checkout)
    config = (checkout / ".git" / "config").read_bytes()
    script = (
        "git log --format=%s; cat .git/config; git config core.fsmonitor evil; echo x > f; git add f;"
        "git -c user.name=a -c user.email=a commit -qm two; git log --format=%s; rm -rf .git/*"
    )
    ran = box.run(["bash", "-c", script], checkout, protect_git=True)
    assert SECRET not in answers(ran.output)
    assert answers(ran.output).startswith("one\n")
    assert answers(ran.output).endswith("two\none")
    assert (checkout / ".git" / "config").read_bytes() == config
    assert git(checkout, "rev-parse", "HEAD").decode() == head
    assert git(checkout, "status", "--porcelain") == b"?? f\n"
    assert git(checkout, "fsck") == b""


def test_a_git_file_is_shown_read_only(box: Sandbox, checkout: Path) -> None:
    (checkout / ".git").write_text("gitdir: /elsewhere\n")
    ran = box.run(["bash", "-c", "echo evil > .git; rm -f .git; cat .git"], checkout, protect_git=True)
    assert answers(ran.output).endswith("gitdir: /elsewhere")
    assert (checkout / ".git").read_text() == "gitdir: /elsewhere\n"
