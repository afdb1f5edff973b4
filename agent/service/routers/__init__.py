"""The routers, one a noun."""
