-- The migration's working tables: what a batch plans, what it undoes, and which orders
-- come into question for which booking.  Temporary: they belong to the session.  Every
-- commit empties their files: rows that are only deleted would stay for later batches to
-- read, since nothing vacuums a temporary table.

create temporary table planned (
    table_name text not null,
    row_id bigint,
    operation text not null,
    reason text not null,
    practitioner_id bigint,
    currency text,
    amount_cents bigint,
    before jsonb,
    after jsonb,
    change_id bigint
) on commit delete rows;

create temporary table reverting (
    table_name text not null,
    row_id bigint not null,
    operation text not null,
    reason text not null,
    before jsonb,
    after jsonb,
    change_id bigint not null
) on commit delete rows;

create temporary table link_candidates (
    booking_id bigint not null,
    order_id bigint not null,
    distance interval not null,
    has_failed boolean not null,
    state text not null default 'open',
    primary key (booking_id, order_id)
) on commit delete rows;

create index link_candidates_order_id_idx on link_candidates (order_id);
