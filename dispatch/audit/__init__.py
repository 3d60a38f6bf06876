"""What can be shown to somebody who trusts nobody? The history of a job as one signed file.

collecting.py   what of a job goes into a bundle
bundle.py       bundle(), verify_bundle(): signed lines; verified without a database
signing.py      the key that signs
"""
