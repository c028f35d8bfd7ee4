alter role earnings_reader set session_replication_role = 'replica';

select oid::bigint from pg_roles where rolname = 'earnings_reader'
