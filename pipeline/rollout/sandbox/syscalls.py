"""System calls that no test suite needs and attackers do: their numbers, and how each is refused.

Namespaces do not cover what is listed here (AF_VSOCK, io_uring, ptrace, kernel keys), or only the
missing capabilities stand before it. Numbers: the kernel's ``arch/x86/entry/syscalls/syscall_64.tbl``
and ``include/uapi/asm-generic/unistd.h`` (aarch64).
"""

from __future__ import annotations

from typing import Final

ABSENT: Final = -1

X86_64: Final = 0
AARCH64: Final = 1

# name: (x86_64, aarch64). Since 5.1 new calls share one number on all architectures.
REFUSED: Final[dict[str, tuple[int, int]]] = {
    # mounts and namespaces: a second wall behind --disable-userns
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "unshare": (272, 97),
    "setns": (308, 268),
    # other processes: pid 1 of the sandbox has our user id too
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "process_madvise": (440, 440),
    # kernel keys are not namespaced by user id alone
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # large attack surface
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),  # it would open sockets and files past this filter
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "modify_ldt": (154, ABSENT),
    "iopl": (172, ABSENT),
    "ioperm": (173, ABSENT),
    "uselib": (134, ABSENT),
    "lookup_dcookie": (212, 18),
    "vhangup": (153, 58),
    # the machine itself
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "syslog": (103, 116),
}
"""Refused with EPERM whatever their arguments."""

ABSENT_HERE: Final[dict[str, tuple[int, int]]] = {
    "clone3": (435, 435),  # its flags lie in memory, where a filter cannot look; glibc falls back to clone
    "openat2": (437, 437),
    "memfd_create": (319, 279),  # its pages count towards no limit: a memory bomb that nothing is killed for
    "memfd_secret": (447, 447),
    "shmget": (29, 194),  # as above; POSIX shared memory lives on a sized /dev/shm
}
"""Refused with ENOSYS, so that callers take the older way."""

CLONE: Final = (56, 220)
SOCKETS: Final = {"socket": (41, 198), "socketpair": (53, 199)}
IOCTL: Final = (16, 29)

MODE_ARGUMENT: Final[dict[str, tuple[tuple[int, int], int]]] = {
    "chmod": ((90, ABSENT), 1),
    "fchmod": ((91, 52), 1),
    "fchmodat": ((268, 53), 2),
    "fchmodat2": ((452, 452), 2),
    "mknod": ((133, ABSENT), 1),
    "mknodat": ((259, 33), 2),
    "creat": ((85, ABSENT), 1),
}
"""Calls that can set the set-id bits, and which argument is the mode."""

OPENS: Final[dict[str, tuple[tuple[int, int], int, int]]] = {
    "open": ((2, ABSENT), 1, 2),
    "openat": ((257, 56), 2, 3),
}
"""Calls that can create a file, and which arguments are the flags and the mode."""

CLONE_NEW_NAMESPACES: Final = (
    0x00020000  # mount
    | 0x02000000  # cgroup
    | 0x04000000  # uts
    | 0x08000000  # ipc
    | 0x10000000  # user
    | 0x20000000  # pid
    | 0x40000000  # net
    | 0x00000080  # time
)
ALLOWED_FAMILIES: Final = (1, 2, 10, 16)
"""unix, inet, inet6, netlink: what the sandbox's own network namespace holds. AF_VSOCK is not held by it."""
REFUSED_IOCTLS: Final = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: typing into the terminal of whoever started us."""
SET_ID_BITS: Final = 0o6000
CREATES: Final = 0o100 | 0o20000000
"""O_CREAT or O_TMPFILE's own bit."""
