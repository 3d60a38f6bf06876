"""Clients hear what happens at an address of theirs: signed, at least once, in order for each job.

wanted      endpoints.py::add_webhook
fed         following.py::follow_board        which events go to which endpoint
served      serving.py::serve                 one endpoint at a time is held by one serving
sent        carrier.py::Carrier.post          one request, to an address that was checked
may we      addresses.py::is_public           nobody makes us call into our own network
how it is   health.py::after                  troubled endpoints wait apart
"""
