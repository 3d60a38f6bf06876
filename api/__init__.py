"""HTTP in, HTTP out, no rules.

app.py          the application: routers, middleware, what it holds while it runs
parts.py        what every route needs: the database, the bell, the index
strictjson.py   is this body one that nobody can misread?
deadline.py     what if an answer takes too long?
auth.py         who asks, and may they?
limits.py       how often may a key ask?
idempotency.py  was this asked before?
etags.py        is this still what the asker saw?
paging.py       which page of a list?
visibility.py   which fields does this actor see?
errors.py       what can go wrong at the door?
problems.py     what is an error answered with?
examples.py     what does one look like?
openapi.py      how is it described, so that a client can be generated?
docs.py         where does a person read that?
docpage.py      and what do they see there?
schemas/        what goes in and out; one module a noun
"""
