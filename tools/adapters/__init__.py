"""The outside world behind the ports of `tools/engine/ports.py`; one heavy library per file.

Only `tools/workbench.py` imports from here, and only when a port is opened.
"""
