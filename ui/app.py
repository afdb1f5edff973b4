"""The page, as Streamlit runs it."""

import streamlit as st

from ui.parts import entrance, look, sidebar
from ui.views import chat, desk, results


def main() -> None:
    """Show the view that the address names, beside the list of conversations and tasks."""
    st.set_page_config(page_title="LAUD", page_icon=str(look.MARK), layout="centered")
    look.apply()
    views = {
        "chat": st.Page(chat.show, title="Conversation", url_path="chat", default=True),
        "label": st.Page(desk.show, title="Labeling desk", url_path="label"),
        "results": st.Page(results.show, title="Results", url_path="results"),
    }
    shown = st.navigation(list(views.values()), position="hidden")
    with entrance.guarded():
        service = entrance.service()
        sidebar.show(service, views)
        shown.run()


if __name__ == "__main__":
    main()
