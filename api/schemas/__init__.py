"""What goes in and out: one module a noun; `In` is what people send, `Out` what they get."""
