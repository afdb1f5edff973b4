"""What a language model's tokens cost, from an editable table."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.engine.errors import UnreadableInput

PRICE_TABLE = Path(__file__).with_name("prices.toml")
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Dollars per million tokens; `batch` is the share of them that answers of an offline batch cost."""

    input: float
    output: float
    cached_input: float | None = None
    batch: float = 1.0

    def cost(self, *, input_tokens: float, output_tokens: float, cached_tokens: float = 0) -> float:
        """Dollars for one call; `cached_tokens` are those of `input_tokens` that came from the prompt cache."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        fresh = max(input_tokens - cached_tokens, 0)
        return (fresh * self.input + cached_tokens * cached_price + output_tokens * self.output) / 1_000_000

    def offline(self) -> "Price":
        """The price in an offline batch; nothing is said of a prompt cache there."""
        return Price(input=self.input * self.batch, output=self.output * self.batch)


def load_prices(path: Path = PRICE_TABLE) -> dict[str, Price]:
    """The table's prices by model name; raises UnreadableInput naming the file and the place of the mistake."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            model: Price(**{kind: _dollars(dollars) for kind, dollars in row.items()}) for model, row in table.items()
        }
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadableInput(f"The price table {path} cannot be read: {error}.") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise UnreadableInput(
            f"The price table {path} is not as expected ({error}). Each model needs input and output, and may have "
            "cached_input: dollars per million tokens, 0 or more; and batch: the share that an offline batch costs."
        ) from error


def _dollars(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"{value!r} is no price")
    return float(value)


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The model's price, a dated name's by its model; None where the table has none."""
    return prices.get(model) or prices.get(_DATE.sub("", model))
