"""Where heavy work runs: one warm child process on this machine, or a Ray cluster."""
