"""One file per command, named as the command itself; a command imports no command."""
