"""What a model returns, a box to try texts in, and the result to take home."""

import streamlit as st

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import entrance, look, words

FORMATS = {
    "all": "Everything",
    "hf": "The model (Hugging Face)",
    "onnx": "The model (ONNX)",
    "labels": "The labels",
    "predictions": "The predictions for the pool",
    "card": "The model card",
}
OVER, REPORT = "over", "made-report"
MOST = 1_000
LARGEST = 300 << 20
"""Bytes of a file that the page hands on; larger ones are fetched from the service."""


def returned(service: Service, task: wire.Task) -> None:
    """How many texts of the pool get each class, and the surest and least sure of them."""
    classes = service.results(task.name, "predictions", limit=10)["classes"]
    rows = [(one["name"], f"{one['count']:,}", words.percent(one["share"], 1)) for one in classes]
    look.put(look.table(["Class", "Texts of the pool", "Share"], rows, numbers=[1, 2]))
    names = [one["name"] for one in classes]
    at = names.index(task.positive) if task.positive in names else 0
    chosen = st.selectbox("Show texts of", names, index=at, key="returned")
    one = next(one for one in classes if one["name"] == chosen)
    sure, unsure = st.columns(2)
    for column, title, found in ((sure, "Surest", one["most_sure"]), (unsure, "Least sure", one["least_sure"])):
        with column:
            texts = [(text["text"], words.percent(text["probability"])) for text in found]
            look.put(look.html("<h3>{}</h3>", title))
            if texts:
                look.put(look.table(["Text", "Sure"], texts, numbers=[1]))
            else:
                st.caption("All of them have a label.")


def show(service: Service, task: wire.Task) -> None:
    """Try it, and take it home."""
    _try(service, task)
    look.put(look.html("<h3>Take it home</h3>"))
    what = st.selectbox("What", list(FORMATS), format_func=FORMATS.__getitem__, key="format")
    with st.container(horizontal=True):
        if st.button("Write it", type="primary", icon=":material/save:", key="export"):
            _export(service, task, what, approve=False)
        if st.button("Make the report", icon=":material/description:", key="report"):
            st.session_state[REPORT] = (task.name, service.report(task.name))
    _ask_to_replace(service, task, what)
    made = st.session_state.get(REPORT)
    if made is not None and made[0] == task.name:
        name, icon = f"{task.name}.html", ":material/download:"
        st.download_button("Save the report", made[1], file_name=name, mime="text/html", icon=icon, key="save-report")
    _files(service)


def _try(service: Service, task: wire.Task) -> None:
    with st.form("try", border=False):
        given = st.text_area("Try some texts, one a line", key="tried", height=120, placeholder="NAPPIES SZ4 44PK")
        sent = st.form_submit_button("What are they?", icon=":material/play_arrow:")
    texts = [line.strip() for line in given.splitlines() if line.strip()][:MOST]
    if not (sent and texts):
        return
    try:
        found = service.predict(task.name, texts)
    except Refused as error:
        entrance.told(error)
        return
    rows = [(text, one.label, words.percent(one.probability)) for text, one in zip(texts, found, strict=True)]
    look.put(look.table(["Text", "Class", "Probability"], rows, numbers=[2]))


def _export(service: Service, task: wire.Task, what: str, *, approve: bool) -> None:
    st.session_state.pop(OVER, None)
    try:
        with st.spinner("Writing…"):
            made = service.export(task.name, what, approve=approve)
    except Refused as error:
        if error.card is None:
            entrance.told(error)
        else:
            st.session_state[OVER] = (task.name, what)
        return
    st.success(f"{len(made.paths)} files were written.", icon=":material/check:")


def _ask_to_replace(service: Service, task: wire.Task, what: str) -> None:
    """Where an export would replace an earlier one, the person says so first."""
    if st.session_state.get(OVER) != (task.name, what):
        return
    st.warning("An earlier export lies there already; files of the same names are replaced.")
    if st.button("Replace them", key="replace", icon=":material/check:"):
        _export(service, task, what, approve=True)


def _files(service: Service) -> None:
    found = service.exports()
    if not found:
        st.caption("Nothing was written yet.")
        return
    sizes = {one.path: one.bytes for one in found}
    chosen = st.selectbox(
        "A file of the exports",
        list(sizes),
        index=None,
        placeholder="Choose a file to save it",
        format_func=lambda path: f"{path} ({sizes[path] / 1e6:.1f} MB)",
        key="file-chosen",
    )
    if chosen is not None and sizes[chosen] <= LARGEST:
        name, icon = chosen.rpartition("/")[2], ":material/download:"
        st.download_button("Save it", lambda: service.fetch(chosen), file_name=name, icon=icon, key="save-file")
    elif chosen is not None:
        st.caption("It is large: take it from the workspace's folder `exports`, or from the service.")
