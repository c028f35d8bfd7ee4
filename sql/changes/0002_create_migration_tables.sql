-- The data migration's own tables.  Runs once, as earnings_owner.

create table earnings_migration.steps (
    step text primary key,
    state text not null check (state in ('running', 'done', 'reverting', 'reverted')),
    cursor_id bigint not null default 0,
    row_count bigint not null default 0,
    started_at timestamptz not null default clock_timestamp(),
    last_write_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz
);
comment on table earnings_migration.steps is
'One row per step of the migration that has begun: where it stands, and the last id it has dealt with.';

create table earnings_migration.batches (
    id bigint generated always as identity primary key,
    step text not null,
    direction text not null check (direction in ('up', 'down')),
    from_id bigint not null,
    until_id bigint not null,
    row_count integer not null,
    committed_at timestamptz not null default clock_timestamp()
);
comment on table earnings_migration.batches is 'One row per batch, written in the batch''s own transaction.';

create table earnings_migration.row_changes (
    id bigint generated always as identity primary key,
    step text not null,
    table_name text not null,
    row_id bigint not null,
    operation text not null check (operation in ('insert', 'update', 'delete')),
    reason text not null,
    practitioner_id bigint,
    currency text,
    before jsonb,
    after jsonb,
    changed_at timestamptz not null default clock_timestamp(),
    reverted_at timestamptz
);
create index row_changes_step_idx on earnings_migration.row_changes (step, id);
create index row_changes_row_idx on earnings_migration.row_changes (row_id, table_name);
comment on table earnings_migration.row_changes is
'One row per row and step that the migration changed (R25): the changed columns before and after, and why.
insert: before is null, after the whole row.  update: only the columns that changed.';

create table earnings_migration.order_links (
    booking_id bigint primary key,
    order_id bigint,
    strategy text not null,
    confidence text not null check (confidence in ('certain', 'near', 'failed', 'synthetic', 'none')),
    distance interval
);
comment on table earnings_migration.order_links is
'One row per booking that the backfill looked at: how its order was found (R15).';
