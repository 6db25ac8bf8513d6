"""The vocabulary of the baccalauréat: names are what clients say, values database labels."""

from enum import StrEnum


class Track(StrEnum):
    """Class level."""

    PREMIERE = "Premiere"
    TERMINALE = "Terminale"


class Voie(StrEnum):
    """Branch of the baccalauréat."""

    GENERALE = "GENERALE"
    STMG = "STMG"
    ST2S = "ST2S"
    STI2D = "STI2D"
    STL = "STL"
    STD2A = "STD2A"
    STHR = "STHR"
    S2TMD = "S2TMD"


class Profile(StrEnum):
    """How the pupil is schooled."""

    SCOLARISE = "Scolarise"
    CANDIDAT_LIBRE = "CandidatLibre"


class ExamPath(StrEnum):
    """How the year's marks are obtained: the seven profiles of `epreuves.yaml`.

    SCOLARISE is the plain path of a SCOLARISE; a CANDIDAT_LIBRE has one of the LIBRE_ paths, or an
    EX_ path after a change of status.
    """

    SCOLARISE = "SCOLARISE"
    LIBRE_DEUX_SERIES = "LIBRE_DEUX_SERIES"
    LIBRE_FIN_DE_CYCLE = "LIBRE_FIN_DE_CYCLE"
    LIBRE_UN_AN = "LIBRE_UN_AN"
    LIBRE_EX_SCOLARISE = "LIBRE_EX_SCOLARISE"
    SCOLARISE_EX_LIBRE_PONCTUELLES = "SCOLARISE_EX_LIBRE_PONCTUELLES"
    SCOLARISE_EX_LIBRE_SANS_PONCTUELLES = "SCOLARISE_EX_LIBRE_SANS_PONCTUELLES"


class Subject(StrEnum):
    """A school subject (matière).

    `programmes.yaml` and `epreuves.yaml` name the same subjects by shorter codes.
    """

    FRANCAIS = "FRANCAIS"
    PHILOSOPHIE = "PHILOSOPHIE"
    HISTOIRE_GEO = "HISTOIRE_GEO"
    EMC = "EMC"
    ENSEIGNEMENT_SCIENTIFIQUE = "ENSEIGNEMENT_SCIENTIFIQUE"
    EPS = "EPS"
    LANGUES_VIVANTES = "LANGUES_VIVANTES"
    GRAND_ORAL = "GRAND_ORAL"
    MATHS = "MATHS"
    MATHS_SPECIFIQUES = "MATHS_SPECIFIQUES"
    MATHS_TECHNO = "MATHS_TECHNO"
    MATHS_EXPERTES = "MATHS_EXPERTES"
    MATHS_COMPLEMENTAIRES = "MATHS_COMPLEMENTAIRES"
    PHYSIQUE_CHIMIE = "PHYSIQUE_CHIMIE"
    SVT = "SVT"
    NSI = "NSI"
    SI = "SI"
    SES = "SES"
    HGGSP = "HGGSP"
    HLP = "HLP"
    LLCER = "LLCER"
    LLCA = "LLCA"
    ARTS = "ARTS"
    EPPCS = "EPPCS"
    BIOLOGIE_ECOLOGIE = "BIOLOGIE_ECOLOGIE"
    STMG_DROIT_ECONOMIE = "STMG_DROIT_ECONOMIE"
    STMG_MSGN = "STMG_MSGN"
    ST2S_CBPH = "ST2S_CBPH"
    ST2S_STSS = "ST2S_STSS"
    STI2D_PCM = "STI2D_PCM"
    STI2D_2I2D = "STI2D_2I2D"
    STL_PCM = "STL_PCM"
    STL_BBB_SPCL = "STL_BBB_SPCL"
    STD2A_AMD = "STD2A_AMD"
    STD2A_CCDMA = "STD2A_CCDMA"
    STHR_EGH = "STHR_EGH"
    STHR_STC_ESAE = "STHR_STC_ESAE"
    S2TMD_CULTURE = "S2TMD_CULTURE"
    S2TMD_PRATIQUE = "S2TMD_PRATIQUE"


class LanguageRank(StrEnum):
    """Rank of a living language in the curriculum."""

    LVA = "LVA"
    LVB = "LVB"
    LVC = "LVC"


class Language(StrEnum):
    """A living language."""

    ANGLAIS = "ANGLAIS"
    ESPAGNOL = "ESPAGNOL"
    ALLEMAND = "ALLEMAND"
    ITALIEN = "ITALIEN"
    ARABE = "ARABE"
    CHINOIS = "CHINOIS"
    PORTUGAIS = "PORTUGAIS"
    RUSSE = "RUSSE"
    JAPONAIS = "JAPONAIS"
    HEBREU = "HEBREU"
    TURC = "TURC"
    AUTRE = "AUTRE"


class OptionCode(StrEnum):
    """An optional subject."""

    MATHS_EXPERTES = "MATHS_EXPERTES"
    MATHS_COMPLEMENTAIRES = "MATHS_COMPLEMENTAIRES"
    DGEMC = "DGEMC"
    LCA_LATIN = "LCA_LATIN"
    LCA_GREC = "LCA_GREC"
    LVC = "LVC"
    LSF = "LSF"
    EPS = "EPS"
    ARTS_PLASTIQUES = "ARTS_PLASTIQUES"
    CINEMA_AUDIOVISUEL = "CINEMA_AUDIOVISUEL"
    DANSE = "DANSE"
    HISTOIRE_DES_ARTS = "HISTOIRE_DES_ARTS"
    MUSIQUE = "MUSIQUE"
    THEATRE = "THEATRE"


class Dispense(StrEnum):
    """Why some épreuves do not count for a pupil: the `neutralisations` of `epreuves.yaml`."""

    EPS = "EPS"
    LVB = "LVB"
    GENERALE_VERS_TECHNO = "GENERALE_VERS_TECHNO"
    TECHNO_VERS_GENERALE = "TECHNO_VERS_GENERALE"
    CHANGEMENT_DE_SERIE = "CHANGEMENT_DE_SERIE"
    VOIE_PROFESSIONNELLE = "VOIE_PROFESSIONNELLE"
    MATHS_ANTICIPEES = "MATHS_ANTICIPEES"
    SYSTEME_ETRANGER = "SYSTEME_ETRANGER"


class EpreuveKind(StrEnum):
    """How a mark of the baccalauréat is obtained."""

    ANTICIPEE = "ANTICIPEE"
    TERMINALE = "TERMINALE"
    CONTROLE_CONTINU = "CONTROLE_CONTINU"
    PONCTUELLE = "PONCTUELLE"
    OPTION = "OPTION"
