"""How the programs are put together on one machine: the `onebook` command, the private broker, the demonstration."""
