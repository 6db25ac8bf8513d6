"""What the ministry publishes: the exam regulation, the programmes and the calendar, as pure data.

regulation   the épreuves of an exam path, before any pupil
programme    chapters, competences, the subjects a pupil follows
milestones   inscriptions, Grand oral, Parcoursup
"""
