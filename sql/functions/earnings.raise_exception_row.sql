-- earnings.raise_exception_row(kind, subject, subject_id, detail)
--
-- Opens what needs a person (R18), or marks the open one as seen again.
--
-- Writes    earnings.exceptions

create or replace function earnings.raise_exception_row(
    kind text,
    subject text,
    subject_id bigint,
    detail jsonb default '{}'
)
returns void
language sql
volatile
set search_path = ''
as $$
    insert into earnings.exceptions as exceptions (kind, subject, subject_id, detail, proposed_action)
    select
        raise_exception_row.kind,
        raise_exception_row.subject,
        raise_exception_row.subject_id,
        raise_exception_row.detail,
        kinds.proposed_action
    from earnings.exception_kinds as kinds
    where kinds.kind = raise_exception_row.kind
    on conflict (subject_id, kind, subject) where resolved_at is null
    do update set last_seen_at = clock_timestamp(), detail = excluded.detail;
$$;

comment on function earnings.raise_exception_row(text, text, bigint, jsonb)
is 'Opens what needs a person (R18), or marks the open one as seen again.';
