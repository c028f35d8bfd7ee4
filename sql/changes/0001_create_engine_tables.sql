-- The engine's own tables.  Runs once, as earnings_owner.
-- No foreign keys into the app's tables: the app may delete its rows (R19).

create table earnings.changes (
    name text primary key,
    applied_at timestamptz not null default clock_timestamp()
);
comment on table earnings.changes is 'One row per schema change of sql/changes that has run.';

create table earnings.objects (
    identity text primary key,
    kind text not null check (kind in ('function', 'trigger', 'view')),
    checksum text not null,
    definition_checksum text not null,
    installed_at timestamptz not null default clock_timestamp()
);
comment on table earnings.objects is
'One row per installed function, trigger and view: the checksum of its file, and of what the catalog holds.';

create table earnings.settings (
    name text primary key,
    value text not null,
    meaning text not null
);
comment on table earnings.settings is 'One row per setting; read by earnings.setting().';

insert into earnings.settings (name, value, meaning) values
('hold', '48 hours', 'how long delivered earnings are held before they are available (R4)'),
('no_show_policy', 'hold', 'what a no-show earns: hold, pay or reverse (R12)'),
('currency', 'USD', 'the currency of the app''s cached balances (R17)'),
('payout_minimum', '5000', 'the smallest payout in cents (R21)'),
('contract_wait', '7 days', 'how long the migration must rest before contract (R26)'),
('mode', 'enforce', 'enforce, or observe: record what would be done and change nothing (R27)');

create table earnings.status_rules (
    from_status text not null,
    to_status text not null,
    kind text not null check (kind in ('creation', 'transition', 'correction')),
    condition text not null,
    rule text not null,
    primary key (from_status, to_status)
);
comment on table earnings.status_rules is
'One row per status change that is legal (R2). Loaded by install from seeds/earnings_status_rules.csv.';

create table earnings.exception_kinds (
    kind text primary key,
    subject text not null,
    meaning text not null,
    proposed_action text not null
);
comment on table earnings.exception_kinds is
'One row per kind of exception (R18). Loaded by install from seeds/exception_kinds.csv.';

create table earnings.transitions (
    id bigint generated always as identity primary key,
    earnings_id bigint not null,
    booking_id bigint not null,
    practitioner_id bigint not null,
    payout_id bigint,
    gross_amount_cents integer not null,
    commission_amount_cents integer not null,
    net_amount_cents integer not null,
    from_net_amount_cents integer not null,
    stamped_at timestamptz not null,
    available_after timestamptz,
    transaction_id xid8 not null default pg_current_xact_id(),
    event text not null
    check (event in ('opening', 'created', 'status_changed', 'corrected', 'moved', 'deleted')),
    from_status text,
    to_status text,
    currency text not null,
    made_by text not null,
    application text,
    actor text,
    reason text
);
create unique index transitions_earnings_id_stamped_at_key on earnings.transitions (earnings_id, stamped_at);
create index transitions_practitioner_id_stamped_at_idx on earnings.transitions (practitioner_id, stamped_at);
comment on table earnings.transitions is
'The append-only history (R19): one row per creation, status change, correction, move and deletion of an earnings row.
The net of status S at a moment is the sum of net_amount_cents where to_status = S
minus the sum of from_net_amount_cents where from_status = S, over the rows stamped until then.';

create table earnings.corrections (
    id bigint generated always as identity primary key,
    subject text not null,
    subject_id bigint not null,
    rule text not null,
    offered jsonb not null,
    stored jsonb not null,
    reason text not null,
    made_by text not null default session_user,
    application text default current_setting('application_name', true),
    corrected_at timestamptz not null default clock_timestamp()
);
create index corrections_subject_id_idx on earnings.corrections (subject_id, subject);
comment on table earnings.corrections is
'One row per write that the engine corrected (R3): what was offered, what was stored, why.';

create table earnings.exceptions (
    id bigint generated always as identity primary key,
    kind text not null,
    subject text not null,
    subject_id bigint not null,
    detail jsonb not null default '{}',
    proposed_action text not null,
    first_seen_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    resolved_by text,
    resolution text
);
create unique index exceptions_open_key on earnings.exceptions (subject_id, kind, subject)
where resolved_at is null;
comment on table earnings.exceptions is 'One row per matter that needs a person (R18).';

create table earnings.purchase_bookings (
    booking_id bigint primary key,
    order_id bigint,
    kind text not null check (kind in ('package', 'bundle'))
);
create index purchase_bookings_order_id_idx on earnings.purchase_bookings (order_id);
comment on table earnings.purchase_bookings is
'One row per legacy parent booking: a purchase, not an appointment. Survives contract (R26).';

create table earnings.package_terms (
    order_id bigint primary key,
    price_cents integer not null check (price_cents >= 0),
    session_count integer not null check (session_count > 0),
    currency text not null,
    prepaid_cents integer not null default 0 check (prepaid_cents >= 0),
    prepaid_practitioner_id bigint,
    frozen_at timestamptz not null default clock_timestamp()
);
comment on table earnings.package_terms is
'One row per package order whose first session was delivered: the terms, frozen (R7).
prepaid_cents: gross already paid out on the legacy purchase booking, to its payee.';

create table earnings.session_slots (
    order_id bigint not null,
    slot_number integer not null check (slot_number > 0),
    booking_id bigint not null unique,
    amount_cents integer not null check (amount_cents >= 0),
    prepaid_cents integer not null default 0 check (prepaid_cents between 0 and amount_cents),
    taken_at timestamptz not null default clock_timestamp(),
    primary key (order_id, slot_number)
);
comment on table earnings.session_slots is
'One row per slot of a package order that a delivered session uses (R7).
prepaid_cents: the part of the slot that the paid purchase booking nets.';

create table earnings.breakage (
    order_id bigint primary key,
    expired_at timestamptz not null,
    session_count integer not null,
    amount_cents integer not null,
    currency text not null,
    recorded_at timestamptz not null default clock_timestamp()
);
comment on table earnings.breakage is
'One row per expired package order: its undelivered sessions and their worth in cents (R22).';

create table earnings.balance_queue (
    transaction_id xid8 not null default pg_current_xact_id(),
    practitioner_id bigint not null,
    primary key (transaction_id, practitioner_id)
);
comment on table earnings.balance_queue is
'Practitioners whose cached balance the current transaction folds when it commits; empty in between (R20 d).';

create table earnings.heartbeats (
    beaten_at timestamptz not null,
    transaction_id xid8 not null default pg_current_xact_id(),
    primary key (transaction_id)
);
create index heartbeats_beaten_at_idx on earnings.heartbeats (beaten_at);
comment on table earnings.heartbeats is
'One row per beat: the clock, read before the transaction id was taken (R19).';

create table earnings.completions (
    booking_id bigint not null,
    completed_at timestamptz not null,
    as_of timestamptz not null,
    primary key (booking_id, completed_at)
);
comment on table earnings.completions is
'One row per booking that earnings.complete_due completed, so that the app can ask for a review (R22).';
