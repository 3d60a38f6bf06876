"""What of reputation is due now? Done by the dispatcher process beside what of the day is."""

from dispatch.reputation.excuses import move_on
from dispatch.reputation.projecting import project
from dispatch.reputation.ratings import show_ratings
from dispatch.reputation.reckoning import measure_network, refresh
from dispatch.reputation.reviews import flag_late
from dispatch.visits.sweeps import Due

#: In the order in which it is done.
DUE: tuple[Due, ...] = (show_ratings, flag_late, move_on, project, refresh, measure_network)
