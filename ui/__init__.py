"""The browser face; it will talk to the service over HTTP."""
