"""Data sets of the Hugging Face hub, downloaded as files through huggingface_hub.

Where the hub is, who asks and where downloads are kept follow its own variables: HF_ENDPOINT, HF_TOKEN, HF_HOME.
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from huggingface_hub import HfApi
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError: its HTTP library's own, httpx or httpx2
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tools.engine.errors import StorageFailed, UnreadableInput

_CONVERTED = "refs/convert/parquet"
"""The revision in which the hub keeps its own parquet version of a data set, as CONFIG/SPLIT/0000.parquet."""
_FORMATS = ((".parquet",), (".csv", ".tsv"), (".jsonl", ".ndjson"))
_SPLITS = {"validation": "validation", "valid": "validation", "val": "validation", "dev": "validation"} | {
    name: name for name in ("train", "test", "eval", "unsupervised", "unlabeled")
}
_SHARD = re.compile(r"(.+?)-\d{5}-of-\d{5}")
_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFiles:
    """One split of a data set on this disk.

    `name` says which, as it is shown; `identity` changes whenever its content does.
    """

    name: str
    identity: str
    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    config: str
    split: str
    file: str


def download(name: str, *, config: str | None, split: str | None) -> HubFiles:
    """The files of one split of data set `name`, downloaded unless they are in the cache.

    The data set's own parquet, csv or json lines files are taken, else the hub's parquet version of it. Without
    `config` the only one (or `default`) is read, without `split` the only one (or `train`); a single name given as
    `config` may be a split. Raises UnreadableInput when the data set, configuration or split does not exist, is gated,
    or the hub cannot be reached; StorageFailed when the cache cannot be written.
    """
    api = HfApi()
    try:
        revision, parts = _listing(api, name, None)
        if not parts or (config is not None and config not in {p.config for p in parts} | {p.split for p in parts}):
            try:
                revision, parts = _listing(api, name, _CONVERTED)
            except RevisionNotFoundError:
                if not parts:
                    raise UnreadableInput(
                        f"The data set {name} has no parquet, csv or json lines files, and the hub has no parquet "
                        "version of it. Download and convert it, then add the file."
                    ) from None
        chosen, notes = _choose(parts, name=name, config=config, split=split)
        paths = [api.hf_hub_download(name, part.file, repo_type="dataset", revision=revision) for part in chosen]
    except HFValidationError as error:
        raise UnreadableInput(f"{name!r} is not the name of a data set: hf:OWNER/NAME is expected.") from error
    except GatedRepoError as error:
        raise UnreadableInput(
            f"The data set {name} is gated. Ask for access on its page, then set HF_TOKEN to your token."
        ) from error
    except RepositoryNotFoundError as error:
        raise UnreadableInput(
            f"There is no data set {name} at {api.endpoint}, or it is private. Check the name (hf:OWNER/NAME), or set "
            "HF_TOKEN to a token that may read it."
        ) from error
    except HfHubHTTPError as error:
        raise UnreadableInput(_refusal(name, api.endpoint, error)) from error
    except (HTTPError, ConnectionError, LocalEntryNotFoundError, ValueError) as error:
        raise UnreadableInput(
            f"The data set {name} cannot be downloaded: {api.endpoint} gives no proper answer "
            f"({type(error).__name__}). Check the network, HF_ENDPOINT and HF_HUB_OFFLINE, or add a file instead."
        ) from error
    except OSError as error:
        raise StorageFailed(
            f"The data set {name} cannot be kept in the Hugging Face cache: {error.strerror or error}. Free space "
            "there, or set HF_HOME to another folder."
        ) from error
    part = chosen[0]
    files = ",".join(p.file for p in chosen)
    return HubFiles(
        name=f"{name}:{part.config}:{part.split}",
        identity=f"{name}@{revision}:{files}",
        paths=tuple(map(Path, paths)),
        notes=notes,
    )


def _refusal(name: str, endpoint: str, error: HfHubHTTPError) -> str:
    status = error.response.status_code
    if status in {401, 403}:
        return f"The hub refuses the data set {name} ({status}). Set HF_TOKEN to a token that may read it."
    if status == 404:
        return f"There is no data set {name} at {endpoint}. Check the name (hf:OWNER/NAME)."
    return f"The data set {name} cannot be downloaded: {endpoint} answers {status}. Try again later."


def _listing(api: HfApi, name: str, revision: str | None) -> tuple[str, list[_Part]]:
    """The commit and the data files of a revision, all of one format."""
    info = api.dataset_info(name, revision=revision, timeout=_SECONDS)
    files = sorted(sibling.rfilename for sibling in info.siblings or [])
    for suffixes in _FORMATS:
        if found := [file for file in files if file.lower().endswith(suffixes)]:
            return info.sha or "main", [_part(file, converted=revision is not None) for file in found]
    return info.sha or "main", []


def _part(file: str, *, converted: bool) -> _Part:
    """Configuration and split of a file, told by the hub's customs: CONFIG/SPLIT-00000-of-00001.parquet, train.csv."""
    path = PurePosixPath(file)
    folders = [folder for folder in path.parts[:-1] if folder != "data"]
    if converted:
        return _Part(folders[0] if folders else "default", folders[-1].removeprefix("partial-"), file)
    shard = _SHARD.fullmatch(path.stem)
    words = re.split(r"[^a-z]+", path.stem.lower())
    split = shard[1] if shard else next((_SPLITS[word] for word in words if word in _SPLITS), None)
    if split is None:
        split = next((_SPLITS[folder.lower()] for folder in folders if folder.lower() in _SPLITS), "train")
    configs = [folder for folder in folders if folder.lower() not in _SPLITS]
    return _Part(configs[0] if configs else "default", _SPLITS.get(split, split), file)


def _choose(
    parts: list[_Part], *, name: str, config: str | None, split: str | None
) -> tuple[list[_Part], tuple[str, ...]]:
    configs = sorted({part.config for part in parts})
    if config is not None and split is None and config not in configs:
        config, split = None, config
    if config is None:
        config = configs[0] if len(configs) == 1 else "default"
    if config not in configs:
        raise UnreadableInput(
            f"The data set {name} has these configurations: {', '.join(configs)}. Give hf:{name}:NAME."
        )
    splits = sorted({part.split for part in parts if part.config == config})
    notes: tuple[str, ...] = ()
    if split is None:
        split = splits[0] if len(splits) == 1 else "train"
        if len(splits) > 1 and split in splits:
            notes = (f"read the split {split}; there are {', '.join(splits)}",)
    chosen = [part for part in parts if part.config == config and part.split == split]
    if not chosen:
        raise UnreadableInput(
            f"The data set {name}, configuration {config}, has these splits: {', '.join(splits)}. "
            f"Give hf:{name}:{config}:SPLIT."
        )
    return chosen, notes
