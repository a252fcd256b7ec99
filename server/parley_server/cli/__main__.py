"""`python -m parley_server.cli` is `parley`, for a machine whose PATH does not name it."""

from parley_server.cli import main

main()
