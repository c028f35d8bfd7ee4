-- earnings.raise_exception_row(kind, subject, subject_id, detail)
--
-- Opens what needs a person (R18), or marks the open one as seen again.  What a person has
-- resolved is not asked again while its facts, the detail, are the same; an open one that
-- was seen within the hour is left alone, so that busy writers do not queue for its row.
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
set search_path = pg_catalog, pg_temp
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
        and not exists (
            select
            from earnings.exceptions as decided
            where decided.subject_id = raise_exception_row.subject_id
                and decided.kind = raise_exception_row.kind
                and decided.subject = raise_exception_row.subject
                and decided.detail = raise_exception_row.detail
                and case
                    when decided.resolved_at is null
                        then decided.last_seen_at > clock_timestamp() - interval '1 hour'
                    else decided.resolved_by <> 'engine'
                end
        )
    on conflict (subject_id, kind, subject) where resolved_at is null
    do update set last_seen_at = clock_timestamp(), detail = excluded.detail;
$$;

comment on function earnings.raise_exception_row(text, text, bigint, jsonb)
is 'Opens what needs a person (R18), or marks the open one as seen again.';
