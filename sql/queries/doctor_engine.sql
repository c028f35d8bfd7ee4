-- What of the pipeline is there already, and whether the role that connects may read it; one row.
select
    to_regclass('earnings.objects') is not null
    and to_regclass('earnings_migration.steps') is not null as is_engine_there,
    coalesce(
        pg_has_role(session_user, to_regrole('earnings_owner')::oid, 'usage'), false
    ) as may_read
