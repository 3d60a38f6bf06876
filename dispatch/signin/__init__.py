"""People sign in: a session at a device, opened by a link, a password or an OpenID provider.

people      who has this address?
links       a link is asked for, mailed, and opened once
tries       what comes back later is used once
passwords   is it the right one, and who may set it?
oidc        what does the provider say who it is?
sessions    who is signed in, where, and until when?
sending     the mail with the link, by the courier
"""
