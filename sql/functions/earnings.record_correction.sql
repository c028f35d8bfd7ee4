-- earnings.record_correction(subject, subject_id, rule, offered, stored, reason)
--
-- Notes that a write was stored otherwise than offered (R3).
--
-- Writes    earnings.corrections

create or replace function earnings.record_correction(
    subject text,
    subject_id bigint,
    rule text,
    offered jsonb,
    stored jsonb,
    reason text
)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    insert into earnings.corrections (subject, subject_id, rule, offered, stored, reason)
    values (
        record_correction.subject,
        record_correction.subject_id,
        record_correction.rule,
        record_correction.offered,
        record_correction.stored,
        record_correction.reason
    );
$$;

comment on function earnings.record_correction(text, bigint, text, jsonb, jsonb, text)
is 'Notes that a write was stored otherwise than offered (R3).';
