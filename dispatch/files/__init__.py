"""Photos, documents, signatures and attachments: looked at before they are kept, and shown to few.

examining.py   what is this file really?
pictures.py    what of a picture is kept?
storing.py     where do the bytes lie?
keeping.py     whose file is it, and who may read it?
documents.py   what shows a proof?
orphans.py     which bytes belong to nobody?
"""
