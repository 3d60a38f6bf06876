"""How are things kept? Tables, transactions under a role, events with their chain, the watchdog, upkeep."""
