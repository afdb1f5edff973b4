"""The service: the workspace over HTTP, for the web page, for programs, and for conversations that go on alone."""
