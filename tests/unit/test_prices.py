"""The price table of language models."""

from pathlib import Path

import pytest

from tools.adapters.oracles.prices import Price, load_prices, price_of
from tools.engine.errors import UnreadableInput


def test_the_shipped_price_table_is_read_and_dated_names_take_the_price_of_their_model() -> None:
    prices = load_prices()
    assert (
        price_of("gpt-4o-mini-2024-07-18", prices)
        == prices["gpt-4o-mini"]
        == Price(input=0.15, cached_input=0.075, output=0.60, batch=0.5)
    )
    assert price_of("gpt-4o-mini-tuned", prices) is None


def test_cached_tokens_cost_their_own_price() -> None:
    price = Price(input=4.0, cached_input=1.0, output=10.0)
    cost = price.cost(input_tokens=1_000_000, cached_tokens=500_000, output_tokens=100_000)
    assert cost == pytest.approx(2.0 + 0.5 + 1.0)


@pytest.mark.parametrize("table", ["[m]\ninput = 1", "[m]\ninput = -1\noutput = 2", "m = 3", "[m", '[m]\ninput="1"'])
def test_a_broken_price_table_is_named(tmp_path: Path, table: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(table)
    with pytest.raises(UnreadableInput, match=r"prices\.toml"):
        load_prices(path)
