"""What is to be seen of a running process from outside: its log, its monitor, traces of a record's way."""
