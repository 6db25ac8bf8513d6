"""Create the core: the tables of the specification and those that the system needs beside them.

Revision ID: create_core
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_core"
down_revision = None
branch_labels = None
depends_on = None


EXTENSIONS = ("btree_gist", "unaccent", "pg_trgm")
MADE_HERE = "made by the migrations of nexus_app"  # so that downgrade takes away only its own

LABELS = {
    "agent": ("ARIA", "PLANNER", "COACH", "RETRIEVER", "EVALUATOR", "REPORTER"),
    "answer_format": ("CHOICE", "NUMBER", "EXPRESSION", "SHORT_TEXT", "ESSAY"),
    "epreuve_kind": ("ANTICIPEE", "TERMINALE", "CONTROLE_CONTINU", "PONCTUELLE", "OPTION"),
    "epreuve_source": ("Réglement", "Agent"),
    "evaluation_status": ("Proposé", "Soumis", "Corrigé"),
    "event_kind": (
        "STUDENT_CREATED",
        "PROFILE_UPDATED",
        "ENTITLEMENT_CHANGED",
        "TASK_CREATED",
        "TASK_UPDATED",
        "TASK_COMPLETED",
        "TASK_SKIPPED",
        "TASK_REOPENED",
        "TASK_DELETED",
        "SESSION_PROPOSED",
        "SESSION_BOOKED",
        "SESSION_CONFIRMED",
        "SESSION_CANCELLED",
        "EVALUATION_GENERATED",
        "EVALUATION_SUBMITTED",
        "EVALUATION_GRADED",
        "PROGRESS_UPDATED",
        "EPREUVES_SYNCED",
        "EPREUVE_UPDATED",
        "REPORT_GENERATED",
        "RESOURCE_FAVORITED",
        "RESOURCE_UNFAVORITED",
        "AGENTS_RAN",
        "DATA_EXPORTED",
        "DATA_PURGED",
    ),
    "exam_path": (
        "SCOLARISE",
        "LIBRE_DEUX_SERIES",
        "LIBRE_FIN_DE_CYCLE",
        "LIBRE_UN_AN",
        "LIBRE_EX_SCOLARISE",
        "SCOLARISE_EX_LIBRE_PONCTUELLES",
        "SCOLARISE_EX_LIBRE_SANS_PONCTUELLES",
    ),
    "job_kind": (
        "GRADE_EVALUATION",
        "GENERATE_REPORT",
        "EXPORT_DATA",
        "PURGE_DATA",
        "INDEX_RESOURCE",
        "RUN_AGENTS",
    ),
    "job_status": ("QUEUED", "RUNNING", "SUCCEEDED", "FAILED"),
    "option_code": (
        "MATHS_EXPERTES",
        "MATHS_COMPLEMENTAIRES",
        "DGEMC",
        "LCA_LATIN",
        "LCA_GREC",
        "LVC",
        "LSF",
        "EPS",
        "ARTS_PLASTIQUES",
        "CINEMA_AUDIOVISUEL",
        "DANSE",
        "HISTOIRE_DES_ARTS",
        "MUSIQUE",
        "THEATRE",
    ),
    "profile": ("Scolarise", "CandidatLibre"),
    "report_period_kind": ("WEEK", "MONTH", "TRIMESTRE"),
    "resource_type": ("PDF", "Video", "URL"),
    "role": ("STUDENT", "PARENT", "COACH", "ADMIN"),
    "session_kind": ("Visio", "Présentiel", "Stage"),
    "session_status": ("Proposé", "Confirmé", "Annulé"),
    "subject": (
        "FRANCAIS",
        "PHILOSOPHIE",
        "HISTOIRE_GEO",
        "EMC",
        "ENSEIGNEMENT_SCIENTIFIQUE",
        "EPS",
        "LANGUES_VIVANTES",
        "GRAND_ORAL",
        "MATHS",
        "MATHS_SPECIFIQUES",
        "MATHS_TECHNO",
        "MATHS_EXPERTES",
        "MATHS_COMPLEMENTAIRES",
        "PHYSIQUE_CHIMIE",
        "SVT",
        "NSI",
        "SI",
        "SES",
        "HGGSP",
        "HLP",
        "LLCER",
        "LLCA",
        "ARTS",
        "EPPCS",
        "BIOLOGIE_ECOLOGIE",
        "STMG_DROIT_ECONOMIE",
        "STMG_MSGN",
        "ST2S_CBPH",
        "ST2S_STSS",
        "STI2D_PCM",
        "STI2D_2I2D",
        "STL_PCM",
        "STL_BBB_SPCL",
        "STD2A_AMD",
        "STD2A_CCDMA",
        "STHR_EGH",
        "STHR_STC_ESAE",
        "S2TMD_CULTURE",
        "S2TMD_PRATIQUE",
    ),
    "task_category": (
        "REVISION",
        "EXERCICE",
        "METHODO",
        "DEVOIR",
        "RENDEZ_VOUS",
        "GRAND_ORAL",
        "PARCOURSUP",
        "AUTRE",
    ),
    "task_source": ("Agent", "Coach", "System"),
    "task_status": ("Todo", "Done", "Skipped"),
    "text_source": ("TEXT_LAYER", "OCR"),
    "tier": ("Free", "Plus", "Pro"),
    "track": ("Premiere", "Terminale"),
    "visibility": ("PUBLIC", "PLUS", "PRO", "PRIVATE"),
    "voie": ("GENERALE", "STMG", "ST2S", "STI2D", "STL", "STD2A", "STHR", "S2TMD"),
}
ENUMS = {
    name: postgresql.ENUM(*labels, name=name, schema="nexus_app", create_type=False)
    for name, labels in LABELS.items()
}


def upgrade() -> None:
    # a migration that must wait for a lock or run long is split, not given more time
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    for extension in EXTENSIONS:
        op.execute(
            f"""
            DO $$ BEGIN
              IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = '{extension}') THEN
                CREATE EXTENSION {extension} WITH SCHEMA public;
                COMMENT ON EXTENSION {extension} IS '{MADE_HERE}';
              END IF;
            END $$
            """
        )
    for enum in ENUMS.values():
        enum.create(op.get_bind())
    op.create_table(
        "coach_availabilities",
        sa.Column("coach_id", sa.Text(), nullable=False),
        sa.Column("coach_name", sa.Text(), nullable=True),
        sa.Column("slot_start", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("slot_end", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(ENUMS["session_kind"]), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("coach_id"), "="),
            (sa.text("tstzrange(slot_start, slot_end)"), "&&"),
            using="gist",
            name="ex_coach_availabilities_slot",
        ),
        sa.CheckConstraint(
            "cardinality(kinds) > 0", name=op.f("ck_coach_availabilities_kinds_not_empty")
        ),
        sa.CheckConstraint(
            "slot_end > slot_start", name=op.f("ck_coach_availabilities_slot_end_after_start")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coach_availabilities")),
        schema="nexus_app",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("response_json", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint("actor_id", "key", name=op.f("uq_idempotency_keys_actor_id_key")),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_idempotency_keys_created_at"),
        "idempotency_keys",
        ["created_at"],
        unique=False,
        schema="nexus_app",
    )
    op.create_table(
        "resources",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("type", ENUMS["resource_type"], nullable=False),
        sa.Column("subject", ENUMS["subject"], nullable=True),
        sa.Column("chapter_code", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("visibility", ENUMS["visibility"], nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "char_length(title) BETWEEN 1 AND 300", name=op.f("ck_resources_title_length")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resources")),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_resources_subject"), "resources", ["subject"], unique=False, schema="nexus_app"
    )
    op.create_index(
        op.f("ix_resources_tags"),
        "resources",
        ["tags"],
        unique=False,
        schema="nexus_app",
        postgresql_using="gin",
    )
    op.create_table(
        "students",
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("track", ENUMS["track"], nullable=False),
        sa.Column("voie", ENUMS["voie"], nullable=False),
        sa.Column("profile", ENUMS["profile"], nullable=False),
        sa.Column("exam_path", ENUMS["exam_path"], nullable=False),
        sa.Column("exam_session", sa.SmallInteger(), nullable=False),
        sa.Column("specialities", postgresql.ARRAY(ENUMS["subject"]), nullable=False),
        sa.Column("specialite_abandonnee", ENUMS["subject"], nullable=True),
        sa.Column("options", postgresql.ARRAY(ENUMS["option_code"]), nullable=False),
        sa.Column("languages", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("epreuves_synced_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "jsonb_typeof(languages) = 'array'", name=op.f("ck_students_languages_are_a_list")
        ),
        sa.CheckConstraint(
            "char_length(display_name) BETWEEN 1 AND 200",
            name=op.f("ck_students_display_name_length"),
        ),
        sa.CheckConstraint(
            "exam_session BETWEEN 2021 AND 2100", name=op.f("ck_students_exam_session_range")
        ),
        sa.CheckConstraint("version >= 0", name=op.f("ck_students_version_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_students")),
        sa.UniqueConstraint("user_id", name=op.f("uq_students_user_id")),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_students_display_name_id"),
        "students",
        ["display_name", "id"],
        unique=False,
        schema="nexus_app",
    )
    op.create_table(
        "uploads",
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("purge_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("page_count > 0", name=op.f("ck_uploads_page_count_positive")),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_uploads_size_bytes_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_uploads_owner_id"), "uploads", ["owner_id"], unique=False, schema="nexus_app"
    )
    op.create_table(
        "coachings",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_coachings_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coachings")),
        sa.UniqueConstraint(
            "student_id", "person_id", name=op.f("uq_coachings_student_id_person_id")
        ),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_coachings_person_id"), "coachings", ["person_id"], unique=False, schema="nexus_app"
    )
    op.create_table(
        "entitlements",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("tier", ENUMS["tier"], nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_entitlements_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlements")),
        sa.UniqueConstraint("student_id", name=op.f("uq_entitlements_student_id")),
        schema="nexus_app",
    )
    op.create_table(
        "epreuves_plan",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("subject", ENUMS["subject"], nullable=True),
        sa.Column("kind", ENUMS["epreuve_kind"], nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("scheduled_at", sa.Date(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("duration_min", sa.Integer(), nullable=True),
        sa.Column("source", ENUMS["epreuve_source"], nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("duration_min > 0", name=op.f("ck_epreuves_plan_duration_min_positive")),
        sa.CheckConstraint("weight BETWEEN 0 AND 100", name=op.f("ck_epreuves_plan_weight_range")),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_epreuves_plan_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epreuves_plan")),
        sa.UniqueConstraint("student_id", "code", name=op.f("uq_epreuves_plan_student_id_code")),
        schema="nexus_app",
    )
    op.create_table(
        "events",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", ENUMS["event_kind"], nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("actor_role", ENUMS["role"], nullable=True),
        sa.Column("actor_agent", ENUMS["agent"], nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=True),
        sa.Column("payload_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("entity_table", sa.Text(), nullable=True),
        sa.Column("entity_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(actor_role IS NULL) <> (actor_agent IS NULL)",
            name=op.f("ck_events_actor_is_person_or_agent"),
        ),
        sa.CheckConstraint(
            "(entity_table IS NULL) = (entity_id IS NULL)", name=op.f("ck_events_entity_is_whole")
        ),
        sa.CheckConstraint("seq > 0", name=op.f("ck_events_seq_positive")),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_events_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("student_id", "seq", name=op.f("uq_events_student_id_seq")),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_events_student_id_at"),
        "events",
        ["student_id", "at"],
        unique=False,
        schema="nexus_app",
    )
    op.create_table(
        "favorites",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["nexus_app.resources.id"],
            name=op.f("fk_favorites_resource_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_favorites_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_favorites")),
        sa.UniqueConstraint(
            "student_id", "resource_id", name=op.f("uq_favorites_student_id_resource_id")
        ),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_favorites_resource_id"),
        "favorites",
        ["resource_id"],
        unique=False,
        schema="nexus_app",
    )
    op.create_table(
        "guardianships",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_guardianships_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guardianships")),
        sa.UniqueConstraint(
            "student_id", "person_id", name=op.f("uq_guardianships_student_id_person_id")
        ),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_guardianships_person_id"),
        "guardianships",
        ["person_id"],
        unique=False,
        schema="nexus_app",
    )
    op.create_table(
        "jobs",
        sa.Column("kind", ENUMS["job_kind"], nullable=False),
        sa.Column("status", ENUMS["job_status"], nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("student_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('SUCCEEDED', 'FAILED')) = (finished_at IS NOT NULL)",
            name=op.f("ck_jobs_ended_is_dated"),
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_jobs_progress_range")),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_jobs_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_jobs_requested_by"), "jobs", ["requested_by"], unique=False, schema="nexus_app"
    )
    op.create_index(
        op.f("ix_jobs_student_id"), "jobs", ["student_id"], unique=False, schema="nexus_app"
    )
    op.create_table(
        "progress",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("subject", ENUMS["subject"], nullable=False),
        sa.Column("chapter_code", sa.Text(), nullable=False),
        sa.Column("competence_code", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("evidence_count", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "evidence_count >= 0", name=op.f("ck_progress_evidence_count_not_negative")
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_progress_score_range")),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_progress_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress")),
        sa.UniqueConstraint(
            "student_id",
            "chapter_code",
            "competence_code",
            name=op.f("uq_progress_student_id_chapter_code_competence_code"),
        ),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_progress_student_id_subject_updated_at"),
        "progress",
        ["student_id", "subject", "updated_at"],
        unique=False,
        schema="nexus_app",
    )
    op.create_table(
        "progress_points",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("subject", ENUMS["subject"], nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_progress_points_score_range")),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_progress_points_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_points")),
        sa.UniqueConstraint(
            "student_id", "subject", "day", name=op.f("uq_progress_points_student_id_subject_day")
        ),
        schema="nexus_app",
    )
    op.create_table(
        "reports",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("period_kind", ENUMS["report_period_kind"], nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("summary_md", sa.Text(), nullable=False),
        sa.Column("kpis_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("generated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "period_end >= period_start", name=op.f("ck_reports_period_end_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_reports_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint(
            "student_id",
            "period_kind",
            "period_start",
            name=op.f("uq_reports_student_id_period_kind_period_start"),
        ),
        schema="nexus_app",
    )
    op.create_table(
        "resource_chunks",
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("page > 0", name=op.f("ck_resource_chunks_page_positive")),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["nexus_app.resources.id"],
            name=op.f("fk_resource_chunks_resource_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_chunks")),
        sa.UniqueConstraint(
            "resource_id", "number", name=op.f("uq_resource_chunks_resource_id_number")
        ),
        schema="nexus_app",
    )
    op.create_table(
        "sessions",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", ENUMS["session_kind"], nullable=False),
        sa.Column("status", ENUMS["session_status"], nullable=False),
        sa.Column("slot_start", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("slot_end", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("coach_id", sa.Text(), nullable=True),
        sa.Column("coach_name", sa.Text(), nullable=True),
        sa.Column("awaiting", ENUMS["role"], nullable=True),
        sa.Column("join_url", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("coach_id"), "="),
            (sa.text("tstzrange(slot_start, slot_end)"), "&&"),
            where=sa.text("status <> 'Annulé' AND coach_id IS NOT NULL"),
            using="gist",
            name="ex_sessions_coach_slot",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("student_id"), "="),
            (sa.text("tstzrange(slot_start, slot_end)"), "&&"),
            where=sa.text("status <> 'Annulé'"),
            using="gist",
            name="ex_sessions_student_slot",
        ),
        sa.CheckConstraint(
            "(status = 'Proposé') = (awaiting IS NOT NULL)",
            name=op.f("ck_sessions_proposal_awaits"),
        ),
        sa.CheckConstraint(
            "char_length(cancel_reason) <= 500", name=op.f("ck_sessions_cancel_reason_length")
        ),
        sa.CheckConstraint(
            "char_length(title) BETWEEN 1 AND 300", name=op.f("ck_sessions_title_length")
        ),
        sa.CheckConstraint("slot_end > slot_start", name=op.f("ck_sessions_slot_end_after_start")),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_sessions_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_sessions_student_id_status_slot_start"),
        "sessions",
        ["student_id", "status", "slot_start"],
        unique=False,
        schema="nexus_app",
    )
    op.create_table(
        "tasks",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("category", ENUMS["task_category"], nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("status", ENUMS["task_status"], nullable=False),
        sa.Column("source", ENUMS["task_source"], nullable=False),
        sa.Column("subject", ENUMS["subject"], nullable=True),
        sa.Column("chapter_code", sa.Text(), nullable=True),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status = 'Todo') = (closed_at IS NULL)", name=op.f("ck_tasks_closed_when_not_open")
        ),
        sa.CheckConstraint(
            "char_length(label) BETWEEN 1 AND 300", name=op.f("ck_tasks_label_length")
        ),
        sa.CheckConstraint("weight BETWEEN 0 AND 5", name=op.f("ck_tasks_weight_range")),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["nexus_app.resources.id"],
            name=op.f("fk_tasks_resource_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_tasks_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        schema="nexus_app",
    )
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["student_id", sa.literal_column("weight DESC"), "due_at"],
        unique=False,
        schema="nexus_app",
        postgresql_where=sa.text("status = 'Todo'"),
    )
    op.create_index(
        op.f("ix_tasks_resource_id"),
        "tasks",
        ["resource_id"],
        unique=False,
        schema="nexus_app",
        postgresql_where=sa.text("resource_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_tasks_student_id_status_due_at"),
        "tasks",
        ["student_id", "status", "due_at"],
        unique=False,
        schema="nexus_app",
    )
    op.create_table(
        "evaluations",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("subject", ENUMS["subject"], nullable=False),
        sa.Column("track", ENUMS["track"], nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("generator", sa.Text(), nullable=False),
        sa.Column("duration_min", sa.Integer(), nullable=False),
        sa.Column("status", ENUMS["evaluation_status"], nullable=False),
        sa.Column("score_20", sa.Double(), nullable=True),
        sa.Column("statement_md", sa.Text(), nullable=False),
        sa.Column("feedback_json", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("grading_job_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("graded_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status = 'Corrigé') = (graded_at IS NOT NULL)",
            name=op.f("ck_evaluations_graded_at_known"),
        ),
        sa.CheckConstraint(
            "status <> 'Corrigé' OR score_20 IS NOT NULL",
            name=op.f("ck_evaluations_graded_has_score"),
        ),
        sa.CheckConstraint(
            "status = 'Proposé' OR submitted_at IS NOT NULL",
            name=op.f("ck_evaluations_submitted_known"),
        ),
        sa.CheckConstraint(
            "duration_min BETWEEN 1 AND 600", name=op.f("ck_evaluations_duration_min_range")
        ),
        sa.CheckConstraint("score_20 BETWEEN 0 AND 20", name=op.f("ck_evaluations_score_20_range")),
        sa.ForeignKeyConstraint(
            ["grading_job_id"],
            ["nexus_app.jobs.id"],
            name=op.f("fk_evaluations_grading_job_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_evaluations_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_evaluations_student_id_status_created_at"),
        "evaluations",
        ["student_id", "status", "created_at"],
        unique=False,
        schema="nexus_app",
    )
    op.create_table(
        "copies",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("text_source", ENUMS["text_source"], nullable=True),
        sa.Column("ocr_confidence", sa.Double(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("purge_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "ocr_confidence BETWEEN 0 AND 1", name=op.f("ck_copies_ocr_confidence_range")
        ),
        sa.CheckConstraint("page_count > 0", name=op.f("ck_copies_page_count_positive")),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_copies_size_bytes_not_negative")),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["nexus_app.evaluations.id"],
            name=op.f("fk_copies_evaluation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_copies_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copies")),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_copies_evaluation_id"),
        "copies",
        ["evaluation_id"],
        unique=False,
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_copies_student_id"), "copies", ["student_id"], unique=False, schema="nexus_app"
    )
    op.create_table(
        "evaluation_items",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("prompt_md", sa.Text(), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("chapter_code", sa.Text(), nullable=False),
        sa.Column("competence_code", sa.Text(), nullable=False),
        sa.Column("answer_format", ENUMS["answer_format"], nullable=False),
        sa.Column("choices", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("correction_md", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_evaluation_items_number_positive")),
        sa.CheckConstraint("points > 0", name=op.f("ck_evaluation_items_points_positive")),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["nexus_app.evaluations.id"],
            name=op.f("fk_evaluation_items_evaluation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"],
            ["nexus_app.students.id"],
            name=op.f("fk_evaluation_items_student_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_items")),
        sa.UniqueConstraint(
            "evaluation_id", "number", name=op.f("uq_evaluation_items_evaluation_id_number")
        ),
        schema="nexus_app",
    )
    op.create_index(
        op.f("ix_evaluation_items_student_id"),
        "evaluation_items",
        ["student_id"],
        unique=False,
        schema="nexus_app",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.drop_index(
        op.f("ix_evaluation_items_student_id"), table_name="evaluation_items", schema="nexus_app"
    )
    op.drop_table("evaluation_items", schema="nexus_app")
    op.drop_index(op.f("ix_copies_student_id"), table_name="copies", schema="nexus_app")
    op.drop_index(op.f("ix_copies_evaluation_id"), table_name="copies", schema="nexus_app")
    op.drop_table("copies", schema="nexus_app")
    op.drop_index(
        op.f("ix_evaluations_student_id_status_created_at"),
        table_name="evaluations",
        schema="nexus_app",
    )
    op.drop_table("evaluations", schema="nexus_app")
    op.drop_index(op.f("ix_tasks_student_id_status_due_at"), table_name="tasks", schema="nexus_app")
    op.drop_index(
        op.f("ix_tasks_resource_id"),
        table_name="tasks",
        schema="nexus_app",
        postgresql_where=sa.text("resource_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_tasks_open",
        table_name="tasks",
        schema="nexus_app",
        postgresql_where=sa.text("status = 'Todo'"),
    )
    op.drop_table("tasks", schema="nexus_app")
    op.drop_index(
        op.f("ix_sessions_student_id_status_slot_start"), table_name="sessions", schema="nexus_app"
    )
    op.drop_table("sessions", schema="nexus_app")
    op.drop_table("resource_chunks", schema="nexus_app")
    op.drop_table("reports", schema="nexus_app")
    op.drop_table("progress_points", schema="nexus_app")
    op.drop_index(
        op.f("ix_progress_student_id_subject_updated_at"), table_name="progress", schema="nexus_app"
    )
    op.drop_table("progress", schema="nexus_app")
    op.drop_index(op.f("ix_jobs_student_id"), table_name="jobs", schema="nexus_app")
    op.drop_index(op.f("ix_jobs_requested_by"), table_name="jobs", schema="nexus_app")
    op.drop_table("jobs", schema="nexus_app")
    op.drop_index(
        op.f("ix_guardianships_person_id"), table_name="guardianships", schema="nexus_app"
    )
    op.drop_table("guardianships", schema="nexus_app")
    op.drop_index(op.f("ix_favorites_resource_id"), table_name="favorites", schema="nexus_app")
    op.drop_table("favorites", schema="nexus_app")
    op.drop_index(op.f("ix_events_student_id_at"), table_name="events", schema="nexus_app")
    op.drop_table("events", schema="nexus_app")
    op.drop_table("epreuves_plan", schema="nexus_app")
    op.drop_table("entitlements", schema="nexus_app")
    op.drop_index(op.f("ix_coachings_person_id"), table_name="coachings", schema="nexus_app")
    op.drop_table("coachings", schema="nexus_app")
    op.drop_index(op.f("ix_uploads_owner_id"), table_name="uploads", schema="nexus_app")
    op.drop_table("uploads", schema="nexus_app")
    op.drop_index(op.f("ix_students_display_name_id"), table_name="students", schema="nexus_app")
    op.drop_table("students", schema="nexus_app")
    op.drop_index(
        op.f("ix_resources_tags"),
        table_name="resources",
        schema="nexus_app",
        postgresql_using="gin",
    )
    op.drop_index(op.f("ix_resources_subject"), table_name="resources", schema="nexus_app")
    op.drop_table("resources", schema="nexus_app")
    op.drop_index(
        op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys", schema="nexus_app"
    )
    op.drop_table("idempotency_keys", schema="nexus_app")
    op.drop_table("coach_availabilities", schema="nexus_app")
    for enum in ENUMS.values():
        enum.drop(op.get_bind())
    for extension in EXTENSIONS:
        op.execute(
            f"""
            DO $$ BEGIN
              IF EXISTS (
                SELECT FROM pg_extension e JOIN pg_description d ON d.objoid = e.oid
                WHERE e.extname = '{extension}' AND d.description = '{MADE_HERE}'
              ) THEN
                DROP EXTENSION {extension};
              END IF;
            END $$
            """
        )
