"""``switchover view``: rollouts in the browser."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import emit, json_option, unused_config_option

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("paths", type=PATH, nargs=-1, required=True, metavar="FILE...")
@click.option("--out", type=PATH, metavar="HTML", help="The page (default: beside FILE; in a folder view.html).")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N rollouts.")
@click.option("--open/--no-open", "opens", default=None, help="Open a browser (default: yes, but with --json no).")
@unused_config_option
@json_option
def command(paths: tuple[Path, ...], out: Path | None, limit: int | None, opens: bool | None, as_json: bool) -> None:
    """Browse rollouts: messages, patches side by side, recall, what was left out and why.

    FILE is a rollouts.jsonl, samples.jsonl or evaluations.jsonl, or a folder of generate or
    evaluate, or one with such folders in it; several make one page. Makes one HTML file that
    loads nothing from anywhere and can be sent to somebody; it holds all that the agents read
    and wrote, your code included. A link to one rollout is the page's address with #ID behind it.

    \b
    Example:  switchover view made
              switchover view shard-1 shard-2 --out all.html --no-open
    """
    from pipeline.view.browser import show
    from pipeline.view.write import write_page

    written = write_page(paths, out, limit)
    if opens if opens is not None else not as_json:
        show(written.page)
    if as_json:
        emit({"page": str(written.page), "rollouts": written.rollouts})
    else:
        click.echo(written.page)
