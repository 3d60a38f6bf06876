"""Who may be asked? Technicians, companies, credentials, pools, marks, clients, sites and keys.

The questions, one module each: `reading` and `proofdays` (what is known of a technician, and of their proofs),
`technicians` (who they are), `schedules` (when they work), `credentials` (what is proved), `pools` and `marks` (who
knows whom), `clients` and `sites` (who posts work, and where), `usage`, `clock` and `limits` (hours with a client, and
how near its limits), `packfiles` and `packdiff` (packs of limits), `companies`, `catalogue`, `keys` (who may call),
`loading` (many at once).

Every use case runs as the engine's role: whom it may touch is judged by its actor, in `rights`.
"""
