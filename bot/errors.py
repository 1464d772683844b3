"""What GitHub may answer that is not what we asked for.

    RunError                        pipeline.errors
    └── GitHubError
        ├── Limited                 a rate limit; ``until`` says when to come back
        ├── Unavailable             5xx, a time-out, no connection: try again later
        ├── TooMuch                 a query that GitHub cannot answer in its time: ask for less
        ├── BadCredentials          401: wrong key or App id, expired key, a clock that is off
        ├── Suspended               the installation is suspended
        ├── NotAccessible           403: a permission that was not granted (yet)
        ├── NotFound                404, 410, 451: gone, renamed away, or hidden from us
        └── Rejected                any other 4xx: what we sent is wrong

A message says what, where, which value, and what to do next; never a token.
"""

from __future__ import annotations

from pipeline.errors import RunError


class GitHubError(RunError):
    """GitHub did not do what was asked."""


class Limited(GitHubError):
    """A primary or secondary rate limit."""

    def __init__(self, message: str, until: float, secondary: bool = False) -> None:
        super().__init__(message)
        self.until = until
        """Seconds since 1970 before which nothing more should be asked."""
        self.secondary = secondary
        """Too much at once or too fast: REST and GraphQL alike; else only the one that was asked."""

    def again(self) -> Limited:
        """The same, to be raised once more: one object raised again and again keeps the frames of every time."""
        return Limited(str(self), self.until, self.secondary)


class Unavailable(GitHubError):
    """GitHub, or the way to it, is down; nothing says that the request was wrong."""

    def __init__(self, message: str, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent
        """A write that GitHub may have carried out: look for it before it is sent again."""


class TooMuch(GitHubError):
    """A query that takes GitHub longer than it allows itself, or more than its limits of one request."""


class BadCredentials(GitHubError):
    """GitHub does not believe who we are."""


class Suspended(GitHubError):
    """The owner has suspended the installation: nothing can be read or written."""


class NotAccessible(GitHubError):
    """The App lacks a permission, or the owner has not accepted a new one yet."""


class NotFound(GitHubError):
    """There is no such thing, or not for us."""


class Rejected(GitHubError):
    """GitHub understood and refuses; asking the same again will not help."""
