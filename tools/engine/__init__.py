"""The heart of active learning as pure functions: no files, no clock, no network, no global random state."""
