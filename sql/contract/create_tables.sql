-- Where contract keeps what it drops.

create table if not exists earnings_migration.kept_bookings (
    booking_id bigint primary key,
    dropped_values jsonb not null
);

comment on table earnings_migration.kept_bookings is
'One row per booking with a value in a column that contract dropped.';

create table if not exists earnings_migration.kept_objects (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('column', 'constraint', 'index')),
    name text not null,
    definition text not null
);

comment on table earnings_migration.kept_objects is
'One row per column, constraint and index that contract dropped: the statement part that brings it back.';

grant select on earnings_migration.kept_bookings, earnings_migration.kept_objects
to earnings_operator, earnings_migrator;
