"""The only rooms that know AWS: the table, the state machine, and how they are called; the effects' own I/O aside."""
