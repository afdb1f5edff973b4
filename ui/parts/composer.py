"""The line to write in, files with it: what was sent is shown before it is read."""

import streamlit as st

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance, look, talking, unsent

KINDS = ["csv", "tsv", "json", "jsonl", "ndjson", "parquet", "txt", "xlsx", "xlsm"]
LONGEST = 20_000
FILE = "file"
WISH = "wish"


def show(service: Service, conversation: str | None) -> None:
    """The line, and the file that was sent last and waits to be read."""
    if not entrance.is_owner():
        st.caption("You may read along. To ask LAUD for something takes the role owner.")
        return
    waiting = st.query_params.get(FILE)
    if waiting is not None:
        _preview(service, waiting, conversation)
    _unsent(service, conversation)
    given = st.chat_input(
        "What are you looking for?",
        key=unsent.LINE,
        max_chars=LONGEST,
        accept_file=True,
        file_type=KINDS,
        max_upload_size=max(1, service.health().max_upload >> 20),
    )
    if given is None:
        return
    if given.files:
        _take(service, given.files[0], given.text.strip())
    elif given.text.strip():
        talking.say(service, given.text, conversation)


def _unsent(service: Service, conversation: str | None) -> None:
    """What was written while the service was away, to be sent now or dropped."""
    held = unsent.kept()
    if held is None:
        return
    with st.container(border=True, key="unsent"):
        unsent.tell()
        with st.container(horizontal=True):
            if st.button("Send it", key="send-unsent", type="primary", icon=":material/send:"):
                talking.say(service, held, conversation)
            st.button("Drop it", key="drop-unsent", on_click=unsent.drop)


def _take(service: Service, file: st.runtime.uploaded_file_manager.UploadedFile, wish: str) -> None:
    try:
        sent = service.upload(file.name, file)
    except Refused as error:
        entrance.told(error)
        return
    st.query_params[FILE] = sent.file
    if wish:
        st.query_params[WISH] = wish
    st.rerun()


def _preview(service: Service, file: str, conversation: str | None) -> None:
    """The first rows, the column of the texts to choose, and the wish."""
    with st.container(border=True, key="preview"):
        try:
            found = service.preview(file)
        except Refused as error:
            entrance.told(error)
            if st.button("Leave it", key="leave-file"):
                _done()
                st.rerun()
            return
        more = "more than " if found.more else ""
        rows = f"{more}{found.rows_seen:,} rows"
        told = "; ".join([f"{rows}, {len(found.columns)} columns", *found.notes])
        look.put(look.html("<h3>{}</h3><p class='dim num'>{}</p>", file, told))
        look.put(look.table(found.columns, [[_short(cell) for cell in row] for row in found.rows]))
        column = _column(file, found)
        wish = st.text_input(
            "What do you want to know about these texts?",
            value=st.query_params.get(WISH, ""),
            placeholder="find the complaints; sort them into bugs, praise and other; or leave it empty to look first",
            key=f"wish-{file}",
        )
        with st.container(horizontal=True):
            if st.button("Read it", type="primary", icon=":material/play_arrow:", disabled=column is None):
                _done()
                talking.say(service, _request(file, wish.strip(), column, found.text_column), conversation)
            if st.button("Leave it", key="leave-file"):
                _done()
                st.rerun()


def _column(file: str, found: wire.Preview) -> str | None:
    if len(found.columns) == 1:
        return found.columns[0]
    at = found.columns.index(found.text_column) if found.text_column in found.columns else None
    question = "Which column holds the texts?"
    return st.selectbox(question, found.columns, index=at, placeholder="Choose one", key=f"column-{file}")


def _request(file: str, wish: str, column: str | None, usual: str | None) -> str:
    """What the person says, naming the file, and the column where it is not the one that is found anyway."""
    said = f'{wish.rstrip(".!? ")} in "{file}"' if wish else f'load "{file}"'
    return said if column in (None, usual) else f'{said}, text column "{column}"'


def _short(cell: str) -> str:
    return cell if len(cell) <= 80 else f"{cell[:79]}…"


def _done() -> None:
    for name in (FILE, WISH):
        st.query_params.pop(name, None)
