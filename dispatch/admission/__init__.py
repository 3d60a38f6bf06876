"""Who has been let in? Clients by the operator, technicians and clients by each other, people brought along by file.

The questions, one module each: `clients` (is this client approved, and what if no longer), `relations` (have these
two let each other in), `redeeming` (an invited person comes with a code), `parting` (what is open between two who
part), `blocking` (marks, and what a block ends), `peoplefile` (what does the file say), `bringing` (a whole pool is
brought in), `reviewing` (which requirements does this technician meet). Who is in an open pool follows its
requirements: `dispatch/talent/membership.py`.

Every use case runs as the engine's role and checks its actor itself. Locks as everywhere: technicians, then
admissions and pools, then slots, rounds and offers, then the client's own row.
"""
