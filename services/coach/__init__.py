"""The agents' coach: from what is known of a pupil to the coming weeks' work, without a database.

state        what the coach is told
motives      what it may set: a need, with its weight, its limits and its reason
revision     chapters that are due again · exams  papers of the exam · methods · milestones
corrections  an evaluation without chapters that went badly · starting  a first measure
load         how much a week may hold
assignment   the needs, ranked, on the days that have room · withdrawal  why a task is taken away
"""
