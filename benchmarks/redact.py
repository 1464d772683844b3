"""How long redacting texts takes, beside one plain ``re`` pass and beside detect-secrets' own scan of them.

    python benchmarks/redact.py [TEXTS]

TEXTS (default 10,000) texts of 2 KB are made, as issues are: sentences, a traceback, log lines, code,
URLs, commits; one in ten holds a secret or an address. CPU seconds of one process; the slow scans
are given a twentieth of the texts.
"""

from __future__ import annotations

import random
import re
import resource
import string
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_line
from detect_secrets.settings import default_settings

from pipeline.collect.redact import redact

SIZE = 2048
SLOW = 20
_WORDS = (
    "the parser fails when a token is missing and the key of the session is read from config twice after an update "
    "of version because password validation returns early in this branch which I think should raise instead see also "
    "author secret sharing request response server client access service account signature pattern value default"
)
WORDS = _WORDS.split()
LINES = (
    '  File "/usr/lib/python3.11/site-packages/lib/{word}.py", line {number}, in {word}_{other}',
    "2025-03-0{digit}T12:34:5{digit}.123Z INFO [{word}] {other}: took {number} ms, id={sha}",
    "https://github.com/owner/{word}/pull/{number}#discussion_r{number}{number}",
    "Merge commit '{sha}' into {word}/{other}",
    "    {word} = self.{other}.get('{word}', {number})  # {other}",
    "| {word} | {other} | {number}.{digit}.0 |",
    "version {digit}.{digit}.{digit}.{digit}, python 3.1{digit}, thanks @{word}",
)
PLANTED = (
    "token: ghp_{secret}", "DB_PASSWORD={secret}", "Authorization: Bearer {secret}", "mail {word}@example.org",
    "call +49 30 23125001", "from 93.184.216.{digit}", "https://{word}:{secret}@host/x",
)  # fmt: skip


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    texts = list(made(count))
    some = texts[::SLOW]
    counts: Counter[str] = Counter()
    mail = re.compile(r"\b[\w.+-]{1,64}@(?:[\w-]+\.)+[a-z]{2,}\b", re.IGNORECASE)
    known = [kind() for name, kind in detectors().items() if "Entropy" not in name and name != "KeywordDetector"]
    redact("warm password=1 @ up +1")
    report("redact", texts, lambda text: redact(text, counts))
    report("re, e-mail addresses only", texts, lambda text: mail.sub("", text))
    report("re, every word", texts, lambda text: len(re.findall(r"\w+", text)))
    report("detect-secrets, its formats", some, lambda text: [d for x in known for d in x.analyze_string(text)])
    with default_settings():
        report("detect-secrets, its own scan", some, lambda text: [s for x in text.splitlines() for s in scan_line(x)])
    print(f"found {dict(counts)}; memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def report(what: str, texts: Sequence[str], work: Callable[[str], object]) -> None:
    start = time.process_time()
    for text in texts:
        work(text)
    seconds = time.process_time() - start
    size = sum(map(len, texts)) / 1e6
    print(f"{what:29} {size:6.2f} MB  {seconds:7.2f} s CPU  {size / seconds:7.2f} MB/s")


def detectors() -> dict[str, type]:
    return {kind.__name__: kind for kind in get_mapping_from_secret_type_to_class().values()}


def made(count: int) -> Sequence[str]:
    rng = random.Random(1)
    return [text(rng, number % 10 == 0) for number in range(count)]


def text(rng: random.Random, planted: bool) -> str:
    parts: list[str] = [filled(rng, rng.choice(PLANTED))] if planted else []
    while sum(map(len, parts)) < SIZE:
        if rng.random() < 0.4:
            parts.append(filled(rng, rng.choice(LINES)))
        else:
            parts.append(" ".join(rng.choices(WORDS, k=rng.randint(5, 25))).capitalize() + ".")
    rng.shuffle(parts)
    return "\n".join(parts)[:SIZE]


def filled(rng: random.Random, line: str) -> str:
    return line.format(
        word=rng.choice(WORDS),
        other=rng.choice(WORDS),
        number=rng.randint(1, 9999),
        digit=rng.randint(1, 9),
        sha="".join(rng.choices("0123456789abcdef", k=40)),
        secret="".join(rng.choices(string.ascii_letters + string.digits, k=36)),
    )


if __name__ == "__main__":
    main()
