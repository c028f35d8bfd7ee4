-- A text that changes whenever a row that the models read has been written, by anyone.
-- Heartbeats and the last sight of an exception do not count; after a crash the server has
-- lost its counters, so the moment it started does.
select
    concat_ws(
        ' ',
        pg_postmaster_start_time(),
        (now() at time zone 'UTC')::date,
        (select max(transitions.id) from earnings.transitions),
        (select count(*) || '/' || count(exceptions.resolved_at) from earnings.exceptions),
        (
            select
                string_agg(
                    concat(
                        counters.schemaname, '.', counters.relname, ':',
                        counters.n_tup_ins + counters.n_tup_upd + counters.n_tup_del
                    ),
                    ' ' order by counters.schemaname, counters.relname
                )
            from pg_catalog.pg_stat_user_tables as counters
            where
                counters.schemaname in ('public', 'earnings', 'earnings_migration')
                and counters.schemaname || '.' || counters.relname not in (
                    'earnings.heartbeats', 'earnings.exceptions', 'earnings.balance_queue'
                )
        )
    ) as fingerprint,
    to_regclass('finance.practitioner_balances') is not null
    and to_regclass('reconciliation.migration_summary') is not null as are_marts_there
