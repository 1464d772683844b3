"""The filter, executed by a small interpreter of classic BPF: every architecture, without running on it."""

import errno
import platform
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SandboxUnavailable
from pipeline.rollout.sandbox import seccomp, syscalls

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS


def verdict(machine: str, number: int, arguments: tuple[int, ...] = (), arch: int | None = None) -> int:
    data = struct.pack("<IIQ6Q", number, arch or MACHINES[machine][1], 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    rules = seccomp.instructions(machine)
    at = value = 0
    while True:
        code, yes, no, constant = rules[at]
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("<I", data, constant)
        elif code == 0x06:
            return constant
        else:
            holds = {0x15: value == constant, 0x35: value >= constant, 0x45: bool(value & constant)}[code]
            at += yes if holds else no


machines = pytest.mark.parametrize("machine", MACHINES)


@machines
def test_every_listed_call_is_refused(machine: str) -> None:
    column = MACHINES[machine][0]
    for table, answer in ((syscalls.REFUSED, EPERM), (syscalls.ABSENT_HERE, ENOSYS)):
        for name, numbers in table.items():
            if numbers[column] != syscalls.ABSENT:
                assert verdict(machine, numbers[column]) == answer, name


@machines
def test_every_jump_stays_inside(machine: str) -> None:
    rules = seccomp.instructions(machine)
    assert len(rules) < 4096
    for at, (code, yes, no, _) in enumerate(rules):
        if code not in (0x20, 0x06):
            assert at + 1 + max(yes, no) < len(rules)
            assert max(yes, no) < 256
    assert rules[-1][0] == 0x06


@machines
def test_ordinary_calls_pass(machine: str) -> None:
    ordinary = {"x86_64": [0, 1, 9, 59, 60, 202, 231], "aarch64": [63, 64, 222, 221, 93, 98, 94]}[machine]
    assert {verdict(machine, number) for number in ordinary} == {ALLOW}


@machines
def test_calls_of_another_architecture_kill(machine: str) -> None:
    assert verdict(machine, 1, arch=0x40000003) == KILL


def test_x32_numbers_are_refused() -> None:
    assert verdict("x86_64", 0x40000000 | 1) == ENOSYS


@machines
@given(mode=st.integers(0, 0o7777), flags=st.integers(0, 2**32 - 1))
def test_set_id_bits_are_refused_wherever_a_mode_counts(machine: str, mode: int, flags: int) -> None:
    column = MACHINES[machine][0]
    wanted = EPERM if mode & 0o6000 else ALLOW
    for numbers, at in syscalls.MODE_ARGUMENT.values():
        if numbers[column] != syscalls.ABSENT:
            arguments = [0] * 6
            arguments[at] = mode
            assert verdict(machine, numbers[column], tuple(arguments)) == wanted
    for numbers, flags_at, mode_at in syscalls.OPENS.values():
        if numbers[column] != syscalls.ABSENT:
            arguments = [0] * 6
            arguments[flags_at], arguments[mode_at] = flags, mode
            creates = flags & (0o100 | 0o20000000)
            assert verdict(machine, numbers[column], tuple(arguments)) == (wanted if creates else ALLOW)


@machines
@given(family=st.integers(0, 2**32 - 1) | st.integers(0, 50))
def test_only_four_families_of_sockets_pass(machine: str, family: int) -> None:
    for numbers in syscalls.SOCKETS.values():
        wanted = ALLOW if family in (1, 2, 10, 16) else EPERM
        assert verdict(machine, numbers[MACHINES[machine][0]], (family,)) == wanted


@machines
@given(high=st.integers(0, 2**32 - 1))
def test_bits_beyond_32_hide_nothing(machine: str, high: int) -> None:
    column = MACHINES[machine][0]
    assert verdict(machine, syscalls.IOCTL[column], (0, high << 32 | 0x5412)) == EPERM
    assert verdict(machine, syscalls.SOCKETS["socket"][column], (high << 32 | 40,)) == EPERM
    assert verdict(machine, syscalls.CLONE[column], (high << 32 | 0x10000000,)) == EPERM
    assert verdict(machine, syscalls.CLONE[column], (0x11,)) == ALLOW
    assert verdict(machine, syscalls.IOCTL[column], (0, 0x5401)) == ALLOW


def test_no_number_stands_for_two_calls() -> None:
    for column in (0, 1):
        tables = [*syscalls.REFUSED.values(), *syscalls.ABSENT_HERE.values(), *syscalls.SOCKETS.values()]
        tables += [numbers for numbers, *_ in (*syscalls.MODE_ARGUMENT.values(), *syscalls.OPENS.values())]
        numbers = [row[column] for row in (*tables, syscalls.CLONE, syscalls.IOCTL) if row[column] != syscalls.ABSENT]
        assert len(numbers) == len(set(numbers))


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(SandboxUnavailable, match="riscv64"):
        seccomp.program("riscv64")


def test_the_program_is_the_kernels_format() -> None:
    machine = platform.machine()
    assert len(seccomp.program()) == 8 * len(seccomp.instructions(machine))
    assert struct.unpack_from("<HBBI", seccomp.program()) == (0x20, 0, 0, 4)
