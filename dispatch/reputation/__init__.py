"""How well is work kept, and who may say that it was otherwise? Above the day itself, which knows nothing of it."""
