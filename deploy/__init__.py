"""How it is run: the `esi` command, settings, embedded servers, the supervisor."""
