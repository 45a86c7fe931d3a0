"""`python -m deploy` is the `esi` command."""

from deploy.cli import main

main()
