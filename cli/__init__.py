"""What a person at a terminal can ask for: one module a command, loaded when called."""
