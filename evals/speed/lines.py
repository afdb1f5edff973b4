"""A pool of made-up receipt lines, stored without the encoder: what is measured is not how it came to be."""

from tools.engine.records import Text
from tools.pool import text_id
from tools.workbench import Workbench


def store_lines(bench: Workbench, pool: str, size: int) -> list[Text]:
    """The texts of a new pool, in order."""
    bench.pools.create(pool, "none")
    rows = [f"line {number} of a till receipt, 2 x 0.99" for number in range(size)]
    texts = [Text(id=text_id(row), text=row) for row in rows]
    bench.pools.begin_import(pool, "made", "made")
    bench.pools.add_rows(pool, "made", texts, [], rows_done=size)
    bench.pools.finish_import(pool, "made")
    return texts
