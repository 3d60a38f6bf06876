"""The main job on real places, with made-up technicians who answer through the real HTTP API.

world.py    who is there, and what is to be done? made up by a seed
stage.py    the record, the API and the dispatcher, with this world in them
players.py  how do the technicians answer?
show.py     what is seen: a line a job, and the summary counted from the database
cascades.py what falls with a proof that ends, and who comes instead?
disagreements.py  an appeal, and a dispute about pay
visitors.py who can look at its faces, and by which links?
command.py  `truckroll demo`
"""
