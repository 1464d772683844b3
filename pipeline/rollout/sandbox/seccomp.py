"""The system-call filter, assembled as classic BPF for x86_64 and aarch64.

Covered: everything in ``syscalls``. Not covered: what those calls' permitted arguments do.
An architecture without a table is refused: no command ever runs without the filter.
An assembler of this size costs less than a dependency on libseccomp.
"""

from __future__ import annotations

import errno
import functools
import platform
import struct
from collections.abc import Iterable

from pipeline.errors import SandboxUnavailable
from pipeline.rollout.sandbox import syscalls
from pipeline.rollout.sandbox.syscalls import ABSENT

Instruction = tuple[int, int, int, int]
"""code, jump if true, jump if false, constant: struct sock_filter."""

_LOAD, _JUMP_EQUAL, _JUMP_FROM, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _ARCH_AT = 0, 4  # offsets in struct seccomp_data
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

_DENY: Instruction = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
_MISSING: Instruction = (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)
_PASS: Instruction = (_RETURN, 0, 0, _ALLOW)


def _low_half(argument: int) -> Instruction:
    """Load the low 32 bits of an argument; both architectures are little-endian."""
    return (_LOAD, 0, 0, 16 + 8 * argument)


def _when(number: int, block: list[Instruction]) -> list[Instruction]:
    """``block`` for this call; the next instruction for all others. The block must return on every path."""
    return [] if number == ABSENT else [(_JUMP_EQUAL, 0, len(block), number), *block]


def _deny_bits(argument: int, bits: int) -> list[Instruction]:
    return [_low_half(argument), (_JUMP_ANY_BIT, 0, 1, bits), _DENY, _PASS]


def _only(argument: int, values: Iterable[int]) -> list[Instruction]:
    checks = [rule for value in values for rule in ((_JUMP_EQUAL, 0, 1, value), _PASS)]
    return [_low_half(argument), *checks, _DENY]


def _never(argument: int, values: Iterable[int]) -> list[Instruction]:
    checks = [rule for value in values for rule in ((_JUMP_EQUAL, 0, 1, value), _DENY)]
    return [_low_half(argument), *checks, _PASS]


def _deny_set_id_creation(flags: int, mode: int) -> list[Instruction]:
    # Without O_CREAT the mode register holds garbage and must not be looked at.
    return [_low_half(flags), (_JUMP_ANY_BIT, 1, 0, syscalls.CREATES), _PASS, *_deny_bits(mode, syscalls.SET_ID_BITS)]


def _by_argument(column: int) -> list[Instruction]:
    rules = _when(syscalls.CLONE[column], _deny_bits(0, syscalls.CLONE_NEW_NAMESPACES))
    rules += _when(syscalls.IOCTL[column], _never(1, syscalls.REFUSED_IOCTLS))
    for numbers in syscalls.SOCKETS.values():
        rules += _when(numbers[column], _only(0, syscalls.ALLOWED_FAMILIES))
    for numbers, mode in syscalls.MODE_ARGUMENT.values():
        rules += _when(numbers[column], _deny_bits(mode, syscalls.SET_ID_BITS))
    for numbers, flags, mode in syscalls.OPENS.values():
        rules += _when(numbers[column], _deny_set_id_creation(flags, mode))
    return rules


def instructions(machine: str) -> list[Instruction]:
    """The filter for ``machine`` (as uname has it). Raises SandboxUnavailable for an unknown one."""
    if machine not in _AUDIT_ARCH:
        known = ", ".join(_AUDIT_ARCH)
        raise SandboxUnavailable(f"sandbox: no system-call filter for {machine}; run on one of {known}")
    column = syscalls.X86_64 if machine == "x86_64" else syscalls.AARCH64
    rules: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),  # a 32-bit call has other numbers, which would mean other things here
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        rules += [(_JUMP_FROM, 0, 1, _X32_BIT), _MISSING]
    for numbers in syscalls.REFUSED.values():
        rules += _when(numbers[column], [_DENY])
    for numbers in syscalls.ABSENT_HERE.values():
        rules += _when(numbers[column], [_MISSING])
    return [*rules, *_by_argument(column), _PASS]


@functools.cache
def program(machine: str | None = None) -> bytes:
    """The filter as bytes, 8 per instruction, for this machine or the named one."""
    return b"".join(struct.pack("<HBBI", *rule) for rule in instructions(machine or platform.machine()))
