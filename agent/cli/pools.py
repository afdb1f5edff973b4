"""`laud pool`: add texts, describe a pool, look into it and search it."""

from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.session import JsonOption, WorkspaceOption, print_json, say, workbench

if TYPE_CHECKING:
    from tools.pool import Hit

app = typer.Typer(help="Pools: piles of unlabeled text.")
SKIPPED_SHOWN = 5


@app.command()
def add(
    file: Annotated[str, typer.Argument(help="csv, tsv, json, jsonl, parquet, txt, xlsx; - for stdin; hf:OWNER/NAME")],
    name: Annotated[str, typer.Option("--name", help="Name of the pool")],
    text_column: Annotated[str | None, typer.Option(help="Column with the texts [default: found]")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column with ids of your own")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read texts into a pool and embed them. The same command again goes on where a killed one stopped."""
    from tools.pool import add_texts  # noqa: PLC0415 - `laud --help` loads nothing heavy

    with workbench(workspace, write=True) as bench:
        added = add_texts(bench, source=file, name=name, text_column=text_column, id_column=id_column)
    if as_json:
        print_json(
            {
                "pool": added.pool,
                "rows": added.rows,
                "added": added.added,
                "duplicates": added.duplicates,
                "skipped": [{"row": s.row, "reason": s.reason} for s in added.skipped],
                "seconds": round(added.seconds, 3),
                "text_column": added.text_column,
                "notes": list(added.notes),
            }
        )
        return
    say(
        f"Pool {added.pool!r}: {added.rows:,} rows of {added.source}, {added.added:,} new texts from column "
        f"{added.text_column!r}, {added.duplicates:,} duplicates folded, {len(added.skipped):,} skipped, "
        f"{added.seconds:.1f} s."
    )
    for skipped in added.skipped[:SKIPPED_SHOWN]:
        say(f"  row {skipped.row:,} skipped: {skipped.reason}")
    if len(added.skipped) > SKIPPED_SHOWN:
        say(f"  … and {len(added.skipped) - SKIPPED_SHOWN:,} more; --json lists them all.")
    for note in added.notes:
        say(f"  {note}")


@app.command()
def describe(
    pool: Annotated[str, typer.Argument(help="Name of the pool")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sizes, languages, duplicates, outliers and themes of a pool."""
    from agent.cli.show import show_description  # noqa: PLC0415 - as above
    from tools.pool import describe as describe_pool  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        description = describe_pool(bench, pool)
    if as_json:
        print_json({"description": description})
    else:
        show_description(description)


@app.command()
def show(
    pool: Annotated[str, typer.Argument(help="Name of the pool")],
    limit: Annotated[int, typer.Option(min=1, help="Texts to show")] = 10,
    exact: Annotated[list[str] | None, typer.Option(help="Only texts that hold this word; may be repeated")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other texts")] = 0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Some texts of a pool, drawn at random."""
    from agent.cli.show import one_line  # noqa: PLC0415 - as above
    from tools.pool import show_texts  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        texts = show_texts(bench, pool, limit=limit, words=exact or (), seed=seed)
    if as_json:
        print_json({"texts": [{"id": text.id, "text": text.text, "copies": text.copies} for text in texts]})
        return
    for text in texts:
        say(f"{text.id}  {one_line(text.text)}")
    if not texts:
        say("No text holds these words.")


@app.command()
def similar(
    pool: Annotated[str, typer.Argument(help="Name of the pool")],
    text_id: Annotated[str, typer.Argument(help="Id of a text of the pool")],
    limit: Annotated[int, typer.Option(min=1, help="Texts to show")] = 10,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The texts of a pool most like one of its own."""
    from tools.engine.records import TextId  # noqa: PLC0415 - as above
    from tools.pool import similar as similar_texts  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        hits = similar_texts(bench, pool, TextId(text_id), limit=limit)
    _say_hits(hits, as_json=as_json)


@app.command()
def search(
    pool: Annotated[str, typer.Argument(help="Name of the pool")],
    words: Annotated[str, typer.Argument(help="What to look for, by meaning")],
    limit: Annotated[int, typer.Option(min=1, help="Texts to show")] = 10,
    exact: Annotated[list[str] | None, typer.Option(help="Only texts that hold this word; may be repeated")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The texts of a pool nearest in meaning."""
    from tools.pool import search as search_pool  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        hits = search_pool(bench, pool, words=words, limit=limit, exact=exact or ())
    _say_hits(hits, as_json=as_json)
    if not hits and not as_json:
        say("No text fits." + (" Leave out --exact, or give another word." if exact else ""))


def _say_hits(hits: "list[Hit]", *, as_json: bool) -> None:
    from agent.cli.show import one_line  # noqa: PLC0415 - as above

    if as_json:
        print_json({"hits": [{"id": h.text.id, "text": h.text.text, "similarity": h.similarity} for h in hits]})
        return
    for hit in hits:
        say(f"{hit.similarity:.2f}  {hit.text.id}  {one_line(hit.text.text)}")
