"""Tests that must fail, put beside the real ones: whoever makes everything pass gives himself away (pure)."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

_BODY = '''"""Every test in here must fail."""
import unittest

import pytest


def test_{n}_compare():
    assert [1, 2] == [2, 1]


def test_{n}_error():
    raise RuntimeError("on purpose")


def test_{n}_raises():
    with pytest.raises(ValueError):
        pass


class Test{n}(unittest.TestCase):
    def test_{n}_equal(self):
        self.assertEqual(1, 2)

    def test_{n}_true(self):
        self.assertTrue(0)

    def test_{n}_raising(self):
        with self.assertRaises(ValueError):
            pass

    def test_{n}_fail(self):
        self.fail("on purpose")
'''


def canary(beside: str, name: str) -> tuple[str, bytes]:
    """Path and content of a test file beside the test file ``beside``; ``name`` is a random word."""
    return str(PurePosixPath(beside).with_name(f"test_{name}.py")), _BODY.format(n=name).encode()


def belongs(test: str, path: str) -> bool:
    """Whether pytest's name of a test is of the file ``path``."""
    return test.partition("::")[0].endswith(PurePosixPath(path).name)


def sang(passed: Collection[str], path: str) -> bool:
    """Whether a test of the canary passed."""
    return any(belongs(test, path) for test in passed)
