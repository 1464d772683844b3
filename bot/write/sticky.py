"""The one comment of its kind on a pull request or issue: made once, edited in place, found again by its marker."""

from __future__ import annotations

from bot.wire.client import Client
from bot.write.letter import Letter, Search
from pipeline.report.comment import MARKER


def create(key: str, installation: int, repo_id: int, number: int, body: str, marker: str = MARKER) -> Letter:
    """On pull request or issue ``number``. ``body`` begins with the ``marker`` and is short enough."""
    return Letter(key, installation, repo_id, "sticky", {"number": number, "marker": marker}, body)


def edit(key: str, installation: int, repo_id: int, comment: int, body: str) -> Letter:
    """Replace the text of the comment with that id."""
    return Letter(key, installation, repo_id, "sticky_edit", {"comment": comment}, body)


def send(client: Client, repo: str, letter: Letter) -> str | None:
    """Its id."""
    path = f"{repo}/issues/{letter.target['number']}/comments"
    return str(client.write("POST", path, {"body": letter.body}).data["id"])


def send_edit(client: Client, repo: str, letter: Letter) -> str | None:
    """Its id."""
    id = letter.target["comment"]
    client.write("PATCH", f"{repo}/issues/comments/{id}", {"body": letter.body})
    return str(id)


def find(client: Client, repo: str, letter: Letter, search: Search) -> str | None:
    """The id of ours, however long ago it was made; where it says something else it is brought up to date."""
    for row in client.pages(f"{repo}/issues/{letter.target['number']}/comments"):
        ours = row["user"] and row["user"]["login"] == search.login
        if ours and (row["body"] or "").startswith(letter.target.get("marker", MARKER)):
            if row["body"] != letter.body:
                client.write("PATCH", f"{repo}/issues/comments/{row['id']}", {"body": letter.body})
            return str(row["id"])
    return None
