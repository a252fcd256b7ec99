"""The terminal front end, `parley`: one module per command, registered in `root`.

A command converts its arguments, calls one service from `parley_server.app`, and prints. Imports that cost time stay
inside the commands, so that `parley --help` is as fast as its library. Reading order: `root`, then any command.
"""

from parley_server.cli.entry import main

__all__ = ["main"]
