-- earnings.is_replica()
--
-- Whether this database gets the history from another one, by logical replication.  Nothing of
-- the engine writes here then: a row of its own would meet the one that arrives (R19).
--
-- Reads     pg_subscription_rel

create or replace function earnings.is_replica()
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from pg_subscription_rel
        where pg_subscription_rel.srrelid = 'earnings.heartbeats'::regclass
    )
$$;

comment on function earnings.is_replica() is
'Whether this database gets the history from another one, by logical replication.';
