"""Who is told what, how, and what became of it? Everything that leaves the house for a person.

    committed events    reading.py::tell            in commit order, from a cursor of its own
    who hears of it     occasions.py::OCCASIONS     ONE TABLE: event -> readers, text, channels, urgency
    when and how        preferences.py::plan        channels, quiet hours, digest (pure)
    in which words      wording.py::write           texts/en.toml, texts/es.toml
    sent                delivery.py::send_notices   retried with back-off, each notice's fate visible
    said by people      threads.py::post_message    conversations in which nobody sees the other's number
    from outside        inbound.py::take_in         a text or a mail becomes a message

Knows the record and the queue, and none of the other wings: it follows what they record.
"""
