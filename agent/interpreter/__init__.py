"""The built-in command interpreter: a chat model that is no language model."""

from agent.interpreter.chat_model import Interpreter

__all__ = ["Interpreter"]
