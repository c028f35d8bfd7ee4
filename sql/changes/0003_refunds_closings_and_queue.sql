-- What refunds, closings and postponed settlements need, and settings that every rule can read.
-- Runs once, as earnings_owner.

alter table earnings.session_slots
add column refunded_cents integer not null default 0,
add constraint session_slots_refunded_cents_check
check (refunded_cents between 0 and amount_cents - prepaid_cents);
comment on table earnings.session_slots is
'One row per slot of a package order that a delivered session uses (R7).
prepaid_cents: the part of the slot that the paid purchase booking nets.
refunded_cents: the part that a refund of the whole order had used up before the session was delivered (R9).';

create table earnings.settlement_queue (
    id bigint generated always as identity primary key,
    booking_id bigint not null,
    queued_at timestamptz not null default clock_timestamp()
);
comment on table earnings.settlement_queue is
'Bookings that the next job settles, maybe more than once, because a write of its order or its service session
could not without waiting for it (R4, R7, R9, R20). Not unique: an insert must not wait for the job either.';

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

-- An unreadable setting would stop every completion (R3).  Days are refused for the hold, because
-- they last 23 or 25 hours when the clocks of a session's time zone change.
alter table earnings.settings add constraint settings_value_check
check (
    case name
        when 'hold' then value ~ '^\d{1,6} (hour|minute|second)s?$'
        when 'contract_wait' then value ~ '^\d{1,6} (day|hour|minute|second)s?$'
        when 'payout_minimum' then value ~ '^\d{1,9}$'
        when 'currency' then value ~ '^[A-Z]{3}$'
        when 'no_show_policy' then value in ('hold', 'pay', 'reverse')
        when 'mode' then value in ('enforce', 'observe')
        else true
    end
);
