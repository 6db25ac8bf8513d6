import pytest, json

pytestmark = pytest.mark.anyio
from conftest import *

COACH = """
query Pupils($first: Int!) { viewer { students(first: $first) { totalCount nodes { id displayName
  dashboard { kpis { progressOverall streakDays lastEvalScore openTaskCount nextSessionAt }
    upcoming { id at kind title source { __typename } } tasks { id label priority chapter { code } resource { title favorite } } }
  tasks(status: [TODO], first: 5) { totalCount nodes { id label } }
  agenda(first: 3) { nodes { id title coach { id } } }
  evaluations(first: 2) { nodes { id items { number correctionMd } copies { id } grading { id } feedback { summaryMd } student { id } } }
  epreuvePlan { totalWeight items { code } }
  progression { subject score trend { day score } }
  entitlement { tier evaluationsLeftThisMonth }
  reports(first: 1) { nodes { id } } favorites(first: 2) { nodes { id } }
  coaches { id } guardians { id }
  events(first: 5) { nodes { id entity { __typename id } } }
} } } }
"""


async def test_x(ask, admin, coach, student, people):
    for n in (1, 5, 20, 50):
        a = await ask(admin, COACH, first=n)
        print(
            n,
            a.errors,
            a.statements,
            len(a.data["viewer"]["students"]["nodes"]),
            a.data["viewer"]["students"]["totalCount"],
        )
    for n in (5, 20, 50):
        a = await ask(coach, COACH, first=n)
        print("coach", n, a.errors, a.statements, len(a.data["viewer"]["students"]["nodes"]))
    doc = open("schema/documents/Dashboard.graphql").read()
    a = await ask(student, doc, studentId=str(people.students[0].id))
    print("dash", a.errors, a.statements)
    print(json.dumps(a.data, default=str, indent=1)[:3000])
    doc = open("schema/documents/CoachPupils.graphql").read()
    a = await ask(admin, doc)
    print("coachpupils", a.errors, a.statements)
    raise SystemExit
