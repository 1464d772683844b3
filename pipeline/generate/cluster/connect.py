"""To a Ray cluster and back. Ray is imported here and nowhere else, and only when it was asked for."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.config import temporary_environment
from pipeline.errors import InputError, RunError

CONNECT_SECONDS = 15.0
_ADDRESS = re.compile(r"(?P<client>ray://)?(?P<host>[^:/\s]+|\[[^\]\s]+\]):(?P<port>\d{1,5})")
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
_REMEDY = "start Ray there with 'ray start --head', or give another --ray (auto, local, HOST:PORT, ray://HOST:PORT)"


@dataclass(frozen=True)
class Stored:
    """Bytes in Ray's object store; called on a machine that needs them."""

    reference: Any

    def __call__(self) -> bytes:
        data: bytes = _imported().get(self.reference)
        return data


def check_address(address: str) -> None:
    """Raises InputError for an address of no known form, and when Ray is not installed."""
    if address not in ("auto", "local") and not _ADDRESS.fullmatch(address):
        raise InputError(f"--ray {address}: expected auto, local, HOST:PORT or ray://HOST:PORT")
    _imported()


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, connected to ``address``; ``local`` starts one on this machine for as long as the block runs.

    Raises InputError for an address that does not lead to a cluster that this Ray can speak with.
    """
    with contextlib.ExitStack() as stack:
        # Ray tells of dead nodes on stdout, where results go; what matters of it we say ourselves.
        stack.enter_context(contextlib.redirect_stdout(stack.enter_context(_nowhere())))
        with temporary_environment(**_QUIET), warnings.catch_warnings(), _own_signals():
            warnings.simplefilter("ignore")
            ray = _imported()
            _connect(ray, address, stack)
        yield ray


def _connect(ray: Any, address: str, stack: contextlib.ExitStack) -> None:
    options: dict[str, Any] = {"logging_level": "CRITICAL", "log_to_driver": False}
    if address == "local":
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="switchover-ray-", ignore_cleanup_errors=True))
        options |= {"include_dashboard": False, "_temp_dir": folder}
    stack.callback(ray.shutdown)  # before the folder is deleted
    if address == "local":
        # In this thread: Ray's processes end with the thread that started them.
        ray.init(address="local", **options)
        return
    _reach(address)
    try:
        _within(CONNECT_SECONDS, lambda: ray.init(address=address, **options))
    except TimeoutError:
        raise InputError(f"--ray {address}: something answers there, but not as Ray; {_REMEDY}") from None
    except ConnectionError as error:
        why = "no running Ray on this machine" if address == "auto" else _one_line(error)
        raise InputError(f"--ray {address}: {why}; {_REMEDY}") from None
    except RuntimeError as error:
        if "ersion" not in str(error):
            raise RunError(f"--ray {address}: {_one_line(error)}") from None
        raise InputError(f"--ray {address}: {_one_line(error)}; install the same versions on all machines") from None


def _reach(address: str) -> None:
    """Ray itself waits two minutes for a port at which nobody listens."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return
    try:
        socket.create_connection((found["host"].strip("[]"), int(found["port"])), timeout=CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"--ray {address}: cannot be reached ({why}); {_REMEDY}") from None


def _within(seconds: float, connect: Callable[[], object]) -> None:
    """``connect``, given up after ``seconds``: it cannot be interrupted, so it is left behind in its thread."""
    failure: list[BaseException] = []

    def run() -> None:
        try:
            connect()
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="connect", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError
    if failure:
        raise failure[0]


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself; a kill is to do what it does without Ray."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _nowhere() -> Iterator[Any]:
    with open(os.devnull, "w") as file:  # noqa: PTH123 - no path of anybody's
        yield file


def _imported() -> Any:
    try:
        with temporary_environment(**_QUIET):
            import ray
            import ray.util.scheduling_strategies
    except ImportError:
        raise InputError("--ray: Ray is not installed; pip install 'switchover[cluster]'") from None
    return ray


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:400]
