-- What refunds, closings and postponed settlements need.  Runs once, as earnings_owner.

alter table earnings.session_slots
add column refunded_cents integer not null default 0,
add constraint session_slots_refunded_cents_check
check (refunded_cents between 0 and amount_cents - prepaid_cents);
comment on table earnings.session_slots is
'One row per slot of a package order that a delivered session uses (R7).
prepaid_cents: the part of the slot that the paid purchase booking nets.
refunded_cents: the part that a refund of the whole order had used up before the session was delivered (R9).';

create table earnings.settlement_queue (
    booking_id bigint primary key,
    queued_at timestamptz not null default clock_timestamp()
);
comment on table earnings.settlement_queue is
'One row per booking that the next job settles, because whoever changed its order could not lock it (R7, R9, R20).';

create table earnings.closings (
    id bigint generated always as identity primary key,
    name text not null unique,
    closed_at timestamptz not null,
    snapshot pg_snapshot not null,
    closed_by text not null default session_user
);
comment on table earnings.closings is
'One row per closing: what was visible when it was made, so that its balances are exact for ever (R19).';

create index exceptions_subject_idx on earnings.exceptions (subject_id, kind, subject);
