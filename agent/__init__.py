"""The faces of LAUD that drive its tools: for now the command line."""
