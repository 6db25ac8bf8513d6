"""What a pupil is examined in: from the regulation to a plan, and from a plan to its changes.

rules    what the planner asks of the regulation, as one value
plan     the épreuves of a profile, dated, each sitting of a speciality by itself
changes  what has to be done to a stored plan for it to be the planned one
"""
