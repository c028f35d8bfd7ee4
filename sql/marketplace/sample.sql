-- The mark of a loaded sample.  It is written in the transaction that loads,
-- so a load that was cut short leaves nothing behind.

create schema if not exists sample_marketplace;

create table if not exists sample_marketplace.loads (
    seed bigint not null,
    bookings bigint not null,
    as_of timestamptz not null,
    loaded_at timestamptz not null default clock_timestamp()
);
comment on table sample_marketplace.loads is 'One row per loaded sample: what was generated.';

create table if not exists sample_marketplace.half_done (
    order_id bigint not null,
    booking_id bigint,
    order_type text,
    package_metadata jsonb
);
comment on table sample_marketplace.half_done is
'One row per booking linked, or order described, by the try that a half-done sample pretends.';
