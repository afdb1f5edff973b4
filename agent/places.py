"""Which files a conversation may read and write: uploads, samples and exports; local paths only where allowed."""

from dataclasses import dataclass
from pathlib import Path

import tools
from tools.engine.errors import AskAgain

SAMPLE = "sample:"
SAMPLES = Path(tools.__file__).parent / "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The folders of a workspace; `local_files` says whether other paths of this machine may be named too."""

    workspace: Path
    local_files: bool

    @property
    def uploads(self) -> Path:
        """Where the files lie that people sent."""
        return self.workspace / "uploads"

    @property
    def exports(self) -> Path:
        """Where results go when no other place is named."""
        return self.workspace / "exports"

    def uploaded(self) -> list[str]:
        """The names of uploaded files, newest first."""
        if not self.uploads.is_dir():
            return []
        files = [path for path in self.uploads.iterdir() if path.is_file()]
        return [path.name for path in sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)]

    def source(self, file: str) -> str:
        """What a file that a person names is called for the readers; raises AskAgain for one that may not be read."""
        if file.startswith(SAMPLE):
            name = file.removeprefix(SAMPLE)
            known = sorted(path.stem for path in SAMPLES.glob("*.csv"))
            if name not in known:
                raise AskAgain(f"There is no sample {name!r}. The samples are: {', '.join(known)}.")
            return str(SAMPLES / f"{name}.csv")
        if file in self.uploaded():
            return str(self.uploads / file)
        if self.local_files and file != "-":
            return file if file.startswith("hf:") else str(Path(file).expanduser())
        names = ", ".join(map(repr, self.uploaded()[:10])) or "none yet"
        raise AskAgain(
            f"There is no uploaded file {file!r}. Uploaded: {names}. Upload the file first, or take {SAMPLE}receipts."
        )

    def target(self, out: str | None, default: str) -> Path:
        """Where a result goes: a plain name, or `default`, into the exports; a path where paths may be named.

        Raises AskAgain.
        """
        if out is None:
            return self.exports / default
        plain = Path(out).name == out and out not in {".", "..", "~"}
        if self.local_files and not plain:
            return Path(out).expanduser()
        if not plain:
            raise AskAgain(f"Results go into the workspace's exports: give a plain name, not the path {out!r}.")
        return self.exports / out
