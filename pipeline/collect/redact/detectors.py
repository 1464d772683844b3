"""What the library detect-secrets finds and our own rules do not. Pure.

Of its 27 detectors three add something (docs/LOG.md has the numbers): keys of IBM Cloud, Cloudant and
SoftLayer, which have no shape but a label. Only ``analyze_string`` is called: it never asks the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from pipeline.collect.redact.rules import Text

_LABELS = ("ibm", "cloudant", "softlayer")
_SPACES = re.compile(r"[ \t]{2,}")


def library_spans(text: Text) -> Iterator[tuple[int, int]]:
    """Start and end of each secret; they may overlap."""
    if not any(label in text.lowered for label in _LABELS):
        return
    start = 0
    for line in text.whole.splitlines(keepends=True):
        end = start + len(line)
        for secret in _secrets(line) if any(label in line.lower() for label in _LABELS) else ():
            at = text.whole.find(secret, start, end)
            while at >= 0:
                yield at, at + len(secret)
                at = text.whole.find(secret, at + len(secret), end)
        start = end


def _secrets(line: str) -> set[str]:
    squeezed = _SPACES.sub(" ", line)  # the library's patterns take cubic time in the spaces of a line
    return {secret for detector in _detectors() for secret in detector.analyze_string(squeezed)}


@cache
def _detectors() -> tuple[Any, ...]:
    """Imported here: with all that it imports itself it takes as long as the whole command line."""
    from detect_secrets.plugins.cloudant import CloudantDetector
    from detect_secrets.plugins.ibm_cloud_iam import IbmCloudIamDetector
    from detect_secrets.plugins.softlayer import SoftlayerDetector

    return CloudantDetector(), IbmCloudIamDetector(), SoftlayerDetector()
