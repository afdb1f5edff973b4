"""Files of other labeling tools: Label Studio, Argilla, doccano, and plain csv; written, and read back."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from tools.adapters.label_formats import argilla, doccano, label_studio, table
from tools.engine.errors import UnreadableInput
from tools.engine.exchanged import ExchangedText, LabelForm, ReadRow
from tools.files import replacing

_WRITE: Mapping[LabelForm, Callable[[Sequence[ExchangedText]], bytes]] = MappingProxyType(
    {"csv": table.write, "label-studio": label_studio.write, "argilla": argilla.write, "doccano": doccano.write}
)
_READ: Mapping[LabelForm, Callable[[str], list[ReadRow]]] = MappingProxyType(
    {"csv": table.read, "label-studio": label_studio.read, "argilla": argilla.read, "doccano": doccano.read}
)


def write_labels(path: Path, texts: Sequence[ExchangedText], form: LabelForm) -> None:
    """Write the texts to `path`, which appears whole or not at all; raises StorageFailed."""
    with replacing(path) as file:
        file.write(_WRITE[form](texts))


def read_labels(path: Path, form: LabelForm) -> list[ReadRow]:
    """The rows of such a file; raises UnreadableInput where it is none."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UnreadableInput(f"There is no file {path}.") from error
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"{path} is not UTF-8 (byte {error.start:,}). Save it as UTF-8.") from error
    try:
        return _READ[form](content)
    except ValueError as error:
        raise UnreadableInput(f"{path} is no {form} file: {error}. Name its form.") from error
