"""Screenings by a vendor: ordered through the queue, answered by signed callbacks, decided by people.

protocol    what a vendor is asked and answers, and how either proves who it is
ordering    a screening is ordered, in the transaction that wants it, and tried until the vendor has it
results     an answer is taken once, whatever comes doubled, late or out of order
turned      of those that count, what turned adverse since and waits for a person
vendor      the vendor over HTTP
local       a small vendor for private use and tests
"""
