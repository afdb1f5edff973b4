"""The learning tools: everything an agent, a service, a command line or an evaluation can do with a pool of text."""
