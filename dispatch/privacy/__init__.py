"""What do we hold of a person, who may keep it longer, and how does it go?

holds.py        what may not be deleted, and until when?
holdings.py     what is held of a person, and where? (a list)
exporting.py    what does a person take along?
asking.py       who asks to be erased, and who decides?
blocking.py     what keeps somebody from being erased now?
erasing.py      how does a technician go?
former.py       how does one of the staff go?
steps.py        what does every erasure do?
"""
