"""How to work and how to answer: one step of a subject's method at a time, each shown once."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from models.curriculum import Subject
from models.vocabulary import TaskCategory
from services.catalogue.programme import subject_label
from services.coach.motives import TWICE, History, Need, Stake, best, weighed
from services.coach.state import CoachState
from services.coach.words import inside

EVERY = timedelta(days=7)
"""One step a week."""

S = Subject
STEPS: Mapping[Subject, tuple[str, ...]] = {
    S.FRANCAIS: (
        "Préparer une explication linéaire : découper un texte en mouvements et nommer un procédé"
        " par mouvement",
        "Rédiger l’introduction et le plan détaillé d’un commentaire",
        "Tenir une fiche par œuvre : parcours, citations, question possible à l’entretien",
    ),
    S.PHILOSOPHIE: (
        "Analyser un sujet de dissertation : définir les termes et formuler le problème",
        "Construire un plan en trois parties avec un exemple et un auteur par partie",
        "Rédiger l’introduction d’une explication de texte",
    ),
    S.MATHS: (
        "Refaire de tête les automatismes du mois et noter les erreurs dans un cahier",
        "Rédiger une démonstration complète : hypothèses, étapes, conclusion",
        "Reprendre une copie corrigée : classer ses erreurs (calcul, méthode, rédaction)",
    ),
    S.PHYSIQUE_CHIMIE: (
        "Écrire une fiche de formules avec les unités et les conditions d’emploi",
        "Rédiger une résolution de problème : données, modèle, calcul, vérification d’ordre de"
        " grandeur",
        "Préparer l’évaluation des compétences expérimentales : un protocole et ses incertitudes",
    ),
    S.SVT: (
        "Construire un schéma bilan à partir d’un chapitre",
        "Rédiger une synthèse structurée qui répond à un problème scientifique",
        "Exploiter un document : constat, interprétation, mise en relation",
    ),
    S.NSI: (
        "Écrire à la main une fonction avec sa spécification et deux jeux d’essai",
        "Dérouler un algorithme pas à pas dans un tableau d’états",
        "Préparer l’épreuve pratique : programmer un exercice en une demi-heure",
    ),
    S.SES: (
        "Lire un tableau et un graphique : une phrase avec l’unité, la date et le champ",
        "Construire le plan détaillé d’une dissertation appuyée sur un dossier",
        "Rédiger un raisonnement : affirmer, expliquer, illustrer par un document",
    ),
    S.HGGSP: (
        "Problématiser un sujet de dissertation et choisir trois exemples datés",
        "Rédiger l’étude critique d’un document : présenter, confronter, nuancer",
    ),
    S.HLP: (
        "Rédiger une question d’interprétation : citer, expliquer, répondre",
        "Construire le plan d’un essai avec deux références littéraires ou philosophiques",
    ),
    S.HISTOIRE_GEO: (
        "Rédiger une réponse à une question problématisée avec deux repères datés et localisés",
        "Réaliser un croquis à partir d’un texte, avec une légende organisée",
    ),
    S.LANGUES_VIVANTES: (
        "Préparer une expression écrite : plan, connecteurs, relecture des verbes",
        "S’enregistrer deux minutes sur un document et se réécouter avec la grille",
    ),
    S.ENSEIGNEMENT_SCIENTIFIQUE: ("Rédiger une réponse argumentée à partir de deux documents",),
    S.LLCER: ("Préparer une synthèse de dossier : axes communs, puis plan",),
    S.STMG_MSGN: ("Rédiger une analyse de situation d’entreprise : repérer, qualifier, proposer",),
    S.STMG_DROIT_ECONOMIE: ("Rédiger un cas pratique de droit : faits, règle, application",),
}
"""What a step asks for, in the order in which they are asked."""


def methods(
    state: CoachState, stakes: Mapping[Subject, Stake], history: History, today: date
) -> Iterator[tuple[Need, ...]]:
    """The next step of each subject of the plan, past what was skipped twice; the one that weighs
    most may be set anew."""
    lately = any(day > today - EVERY for day in history.methods)
    found = [
        (need,)
        for subject, stake in stakes.items()
        for need in _next(subject, stake, history, today)
    ]
    yield from best(found, 0 if lately else 1, history, today)


def _next(subject: Subject, stake: Stake, history: History, today: date) -> Iterator[Need]:
    steps = STEPS.get(subject, ())
    places = [one for one in range(len(steps)) if not history.done(_root(subject, one))]
    # what was skipped twice leaves its place to the next step; where all were, a person is told
    new = [one for one in places if len(history.skips(_root(subject, one))) < TWICE]
    for place in (new or places)[:1]:
        root, step, name = _root(subject, place), steps[place], subject_label(subject)
        yield Need(
            root=root,
            motive=root,
            label=f"Méthode, {name} : {step}",
            category=TaskCategory.METHODO,
            weight=weighed(1.5 + stake.share + stake.nearness(today)),
            reason=(
                f"Étape de méthode {place + 1} sur {len(steps)} en {inside(name)}, une par semaine"
                f" au plus ; {stake.said}."
            ),
            earliest=today + timedelta(days=1),
            latest=stake.latest,
            since=(stake.exam.day if stake.exam else None) or date.max,
            subject=subject,
        )


def _root(subject: Subject, place: int) -> str:
    return f"methode/{subject}/{place + 1}"
