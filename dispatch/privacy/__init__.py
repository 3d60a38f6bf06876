"""What do we hold of a person, who may keep it longer, and how does it go?

holds.py        what may not be deleted, and until when?
holdings.py     what is held of a technician, and where? (a list)
exporting.py    what does a technician take along?
asking.py       who asks to be erased, and who decides?
blocking.py     what keeps somebody from being erased now?
erasing.py      how does a person go?
"""
