"""The one table between the codes of the data files and the school's subjects."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.curriculum import OptionCode, Subject, Voie


@dataclass(frozen=True, slots=True)
class NoSubject:
    """A code that names no single subject, and why."""

    reason: str


_CHOSEN = NoSubject("la spécialité choisie par l'élève le dit")
_OWN_PROGRAMME = NoSubject("option dont le programme n'est celui d'aucune matière suivie")

SUBJECT_CODES: Mapping[str, Subject | NoSubject] = {
    # subjects of programmes.yaml, and the specialities of the voie générale
    "FR": Subject.FRANCAIS,
    "PHILO": Subject.PHILOSOPHIE,
    "HG": Subject.HISTOIRE_GEO,
    "ES": Subject.ENSEIGNEMENT_SCIENTIFIQUE,
    "EMC": Subject.EMC,
    "EPS": Subject.EPS,
    "LV": Subject.LANGUES_VIVANTES,
    "GO": Subject.GRAND_ORAL,
    "MATHS": Subject.MATHS,
    "MATHSSPEC": Subject.MATHS_SPECIFIQUES,
    "MATHSTECHNO": Subject.MATHS_TECHNO,
    "MATHSEXP": Subject.MATHS_EXPERTES,
    "MATHSCOMP": Subject.MATHS_COMPLEMENTAIRES,
    "PC": Subject.PHYSIQUE_CHIMIE,
    "SVT": Subject.SVT,
    "NSI": Subject.NSI,
    "SI": Subject.SI,
    "SES": Subject.SES,
    "HGGSP": Subject.HGGSP,
    "HLP": Subject.HLP,
    "LLCER": Subject.LLCER,
    "LLCA": Subject.LLCA,
    "ARTS": Subject.ARTS,
    "EPPCS": Subject.EPPCS,
    "BIOECO": Subject.BIOLOGIE_ECOLOGIE,
    "STMG": NoSubject("réunit deux spécialités : chaque chapitre dit la sienne"),
    # specialities of the technological series
    "STMG-DROITECO": Subject.STMG_DROIT_ECONOMIE,
    "STMG-MSGN": Subject.STMG_MSGN,
    "ST2S-CBPH": Subject.ST2S_CBPH,
    "ST2S-STSS": Subject.ST2S_STSS,
    "STI2D-PCM": Subject.STI2D_PCM,
    "STI2D-2I2D": Subject.STI2D_2I2D,
    "STL-PCM": Subject.STL_PCM,
    "STL-BBB-SPCL": Subject.STL_BBB_SPCL,
    "STD2A-AMD": Subject.STD2A_AMD,
    "STD2A-CCDMA": Subject.STD2A_CCDMA,
    "STHR-EGH": Subject.STHR_EGH,
    "STHR-STC-ESAE": Subject.STHR_STC_ESAE,
    "S2TMD-CULTURE": Subject.S2TMD_CULTURE,
    "S2TMD-PRATIQUE": Subject.S2TMD_PRATIQUE,
    # épreuves
    "EA-FrancaisEcrit": Subject.FRANCAIS,
    "EA-FrancaisOral": Subject.FRANCAIS,
    "EA-Maths": NoSubject("le sujet dépend de la voie et de la spécialité mathématiques"),
    "E2-Philosophie": Subject.PHILOSOPHIE,
    "E3-Specialite1": _CHOSEN,
    "E4-Specialite2": _CHOSEN,
    "E5-GrandOral": Subject.GRAND_ORAL,
    # what follows CC1-, CCT-, EP1-, EPT-, EPC-
    "HistoireGeo": Subject.HISTOIRE_GEO,
    "LVA": Subject.LANGUES_VIVANTES,
    "LVB": Subject.LANGUES_VIVANTES,
    "EnsScientifique": Subject.ENSEIGNEMENT_SCIENTIFIQUE,
    "Maths": Subject.MATHS_TECHNO,  # only the technological plans have it
    "SpecialitePremiere": _CHOSEN,
    # what follows OPT1-, OPTT-, OPTC-
    "MathsExpertes": Subject.MATHS_EXPERTES,
    "MathsComplementaires": Subject.MATHS_COMPLEMENTAIRES,
    "LVC": Subject.LANGUES_VIVANTES,
    "ArtsPlastiques": Subject.ARTS,
    "CinemaAudiovisuel": Subject.ARTS,
    "Danse": Subject.ARTS,
    "HistoireDesArts": Subject.ARTS,
    "Musique": Subject.ARTS,
    "Theatre": Subject.ARTS,
    "LCALatin": _OWN_PROGRAMME,
    "LCAGrec": _OWN_PROGRAMME,
    "LSF": _OWN_PROGRAMME,
    "DGEMC": _OWN_PROGRAMME,
}

CHAPTER_SUBJECTS: Mapping[str, Subject] = {
    "STMG-1T-SGN": Subject.STMG_MSGN,
    "STMG-1T-MANAGEMENT": Subject.STMG_MSGN,
    "STMG-1T-DROIT": Subject.STMG_DROIT_ECONOMIE,
    "STMG-1T-ECONOMIE": Subject.STMG_DROIT_ECONOMIE,
    "STMG-TT-DROIT": Subject.STMG_DROIT_ECONOMIE,
    "STMG-TT-ECONOMIE": Subject.STMG_DROIT_ECONOMIE,
    "STMG-TT-MSGN": Subject.STMG_MSGN,
    "STMG-TT-GF": Subject.STMG_MSGN,
    "STMG-TT-MERCATIQUE": Subject.STMG_MSGN,
    "STMG-TT-RHC": Subject.STMG_MSGN,
    "STMG-TT-SIG": Subject.STMG_MSGN,
}
"""The chapters whose data file puts two subjects under one code."""

SERIES_PREMIERE: Mapping[Voie, Subject | NoSubject] = {
    Voie.STMG: Subject.STMG_MSGN,
    Voie.ST2S: Subject.PHYSIQUE_CHIMIE,
    Voie.STD2A: Subject.PHYSIQUE_CHIMIE,
    Voie.STI2D: NoSubject("innovation technologique n'est pas une matière du vocabulaire"),
    Voie.STL: NoSubject("biochimie-biologie n'est pas une matière du vocabulaire"),
    Voie.STHR: NoSubject("l'ESAE de première n'est pas une matière du vocabulaire"),
    Voie.S2TMD: NoSubject("économie, droit et environnement n'est pas une matière du vocabulaire"),
}
"""The subject that each technological series stops after première."""

OPTION_CODES: Mapping[OptionCode, str] = {
    OptionCode.MATHS_EXPERTES: "MathsExpertes",
    OptionCode.MATHS_COMPLEMENTAIRES: "MathsComplementaires",
    OptionCode.DGEMC: "DGEMC",
    OptionCode.LCA_LATIN: "LCALatin",
    OptionCode.LCA_GREC: "LCAGrec",
    OptionCode.LVC: "LVC",
    OptionCode.LSF: "LSF",
    OptionCode.EPS: "EPS",
    OptionCode.ARTS_PLASTIQUES: "ArtsPlastiques",
    OptionCode.CINEMA_AUDIOVISUEL: "CinemaAudiovisuel",
    OptionCode.DANSE: "Danse",
    OptionCode.HISTOIRE_DES_ARTS: "HistoireDesArts",
    OptionCode.MUSIQUE: "Musique",
    OptionCode.THEATRE: "Theatre",
}

LABELS: Mapping[Subject, str] = {
    Subject.FRANCAIS: "Français",
    Subject.PHILOSOPHIE: "Philosophie",
    Subject.HISTOIRE_GEO: "Histoire-géographie",
    Subject.EMC: "Enseignement moral et civique",
    Subject.ENSEIGNEMENT_SCIENTIFIQUE: "Enseignement scientifique",
    Subject.EPS: "Éducation physique et sportive",
    Subject.LANGUES_VIVANTES: "Langues vivantes",
    Subject.GRAND_ORAL: "Grand oral",
    Subject.MATHS: "Mathématiques",
    Subject.MATHS_SPECIFIQUES: "Mathématiques spécifiques",
    Subject.MATHS_TECHNO: "Mathématiques (voie technologique)",
    Subject.MATHS_EXPERTES: "Mathématiques expertes",
    Subject.MATHS_COMPLEMENTAIRES: "Mathématiques complémentaires",
    Subject.PHYSIQUE_CHIMIE: "Physique-chimie",
    Subject.SVT: "Sciences de la vie et de la Terre",
    Subject.NSI: "Numérique et sciences informatiques",
    Subject.SI: "Sciences de l’ingénieur",
    Subject.SES: "Sciences économiques et sociales",
    Subject.HGGSP: "Histoire-géographie, géopolitique et sciences politiques",
    Subject.HLP: "Humanités, littérature et philosophie",
    Subject.LLCER: "Langues, littératures et cultures étrangères et régionales",
    Subject.LLCA: "Littérature et langues et cultures de l’Antiquité",
    Subject.ARTS: "Arts",
    Subject.EPPCS: "Éducation physique, pratiques et culture sportives",
    Subject.BIOLOGIE_ECOLOGIE: "Biologie-écologie",
    Subject.STMG_DROIT_ECONOMIE: "Droit et économie",
    Subject.STMG_MSGN: "Management, sciences de gestion et numérique",
    Subject.ST2S_CBPH: "Chimie, biologie et physiopathologie humaines",
    Subject.ST2S_STSS: "Sciences et techniques sanitaires et sociales",
    Subject.STI2D_PCM: "Physique-chimie et mathématiques (STI2D)",
    Subject.STI2D_2I2D: "Ingénierie, innovation et développement durable",
    Subject.STL_PCM: "Physique-chimie et mathématiques (STL)",
    Subject.STL_BBB_SPCL: (
        "Biochimie-biologie-biotechnologie ou sciences physiques et chimiques en laboratoire"
    ),
    Subject.STD2A_AMD: "Analyse et méthodes en design",
    Subject.STD2A_CCDMA: "Conception et création en design et métiers d’art",
    Subject.STHR_EGH: "Économie et gestion hôtelière",
    Subject.STHR_STC_ESAE: (
        "Sciences et technologies culinaires et des services, "
        "enseignement scientifique alimentation-environnement"
    ),
    Subject.S2TMD_CULTURE: "Culture et sciences chorégraphiques, musicales ou théâtrales",
    Subject.S2TMD_PRATIQUE: "Pratique chorégraphique, musicale ou théâtrale",
}

_PREFIXES = ("CC1-", "CCT-", "EP1-", "EPT-", "EPC-", "OPT1-", "OPTT-", "OPTC-")


def subject_label(subject: Subject) -> str:
    """The subject's name as a pupil reads it."""
    return LABELS[subject]


def lookup(code: str) -> Subject | NoSubject:
    """What a code of the data files stands for; KeyError where it is unknown."""
    return SUBJECT_CODES[_stem(code)]


def subject_of(code: str) -> Subject | None:
    """The subject that a code of the data files names, if it names one."""
    found = lookup(code)
    return found if isinstance(found, Subject) else None


def chapter_subject(subject_code: str, chapter_code: str) -> Subject:
    """The subject of a chapter: its own where it has one, else that of the code it stands under."""
    found = CHAPTER_SUBJECTS.get(chapter_code) or subject_of(subject_code)
    if found is None:
        raise KeyError(chapter_code)
    return found


def is_known(code: str) -> bool:
    """Whether the table has this code, be it only to say that it names no subject."""
    return _stem(code) in SUBJECT_CODES


def _stem(code: str) -> str:
    prefix = next((one for one in _PREFIXES if code.startswith(one)), "")
    return code.removeprefix(prefix)
