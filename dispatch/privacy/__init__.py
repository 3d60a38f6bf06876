"""What do we hold of a person, who may keep it longer, and how does it go?

holds.py        what may not be deleted, and until when?
"""
