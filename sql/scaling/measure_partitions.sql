-- The history as one table and by month, side by side, in a scratch database with the engine installed:
--     psql -v count=10000000 -f sql/scaling/measure_partitions.sql
-- Twelve months, 8192 practitioners, three entries an earnings row.

\timing on
drop schema if exists scaling cascade;
create schema scaling;

create function scaling.entries(entry_count bigint)
returns setof earnings.transitions
language sql
as $$
    select
        number,
        number / 3,
        number / 3,
        hashint8(number / 3)::bigint & 8191,
        null::bigint,
        10000,
        1500,
        8500,
        case when number % 3 > 0 then 8500 else 0 end,
        timestamptz '2025-01-01 00:00+00' + number * (interval '364 days' / entries.entry_count),
        null::timestamptz,
        '1'::xid8,
        'status_changed',
        (array[null, 'projected', 'pending'])[number % 3 + 1],
        (array['projected', 'pending', 'available'])[number % 3 + 1],
        'USD',
        'app',
        'app',
        null::text,
        null::text
    from generate_series(0, entries.entry_count - 1) as number
$$;

create table scaling.plain (like earnings.transitions);
create unique index on scaling.plain (id);
create unique index on scaling.plain (earnings_id, stamped_at);
create index on scaling.plain (practitioner_id, stamped_at);
create index on scaling.plain using brin (stamped_at);

create table scaling.monthly (like earnings.transitions) partition by range (stamped_at);
select format(
    'create table scaling.monthly_%s partition of scaling.monthly for values from (%L) to (%L)',
    to_char(first_day, 'YYYY_MM'), first_day, first_day + interval '1 month'
)
from generate_series(timestamptz '2025-01-01 00:00+00', '2025-12-01 00:00+00', interval '1 month') as first_day
\gexec
create unique index on scaling.monthly (id, stamped_at);
create unique index on scaling.monthly (earnings_id, stamped_at);
create index on scaling.monthly (practitioner_id, stamped_at);
create index on scaling.monthly using brin (stamped_at);

\echo append, one table
insert into scaling.plain select * from scaling.entries(:count);
\echo append, by month
insert into scaling.monthly select * from scaling.entries(:count);
vacuum (analyze) scaling.plain, scaling.monthly;

\echo bytes an entry with its indexes, one table and by month
select pg_total_relation_size('scaling.plain') / :count;
select sum(pg_total_relation_size(inhrelid)) / :count from pg_inherits where inhparent = 'scaling.monthly'::regclass;

\echo balances of 1000 practitioners at a moment, one table, by month, each twice
select count(*) from generate_series(0, 999) as p cross join lateral (select to_status, sum(net_amount_cents) from scaling.plain where practitioner_id = p and stamped_at <= '2025-12-15' group by 1) as b;
select count(*) from generate_series(0, 999) as p cross join lateral (select to_status, sum(net_amount_cents) from scaling.monthly where practitioner_id = p and stamped_at <= '2025-12-15' group by 1) as b;
select count(*) from generate_series(0, 999) as p cross join lateral (select to_status, sum(net_amount_cents) from scaling.plain where practitioner_id = p and stamped_at <= '2025-12-15' group by 1) as b;
select count(*) from generate_series(0, 999) as p cross join lateral (select to_status, sum(net_amount_cents) from scaling.monthly where practitioner_id = p and stamped_at <= '2025-12-15' group by 1) as b;

\echo the last stamp of 10000 earnings rows, as each change asks for it, one table, by month, each twice
select count(last) from generate_series(1, 10000) as e cross join lateral (select max(stamped_at) as last from scaling.plain where earnings_id = e * 17) as m;
select count(last) from generate_series(1, 10000) as e cross join lateral (select max(stamped_at) as last from scaling.monthly where earnings_id = e * 17) as m;
select count(last) from generate_series(1, 10000) as e cross join lateral (select max(stamped_at) as last from scaling.plain where earnings_id = e * 17) as m;
select count(last) from generate_series(1, 10000) as e cross join lateral (select max(stamped_at) as last from scaling.monthly where earnings_id = e * 17) as m;

\echo what was stamped in one day, as a build asks for it, one table, by month
select count(*) from scaling.plain where stamped_at >= '2025-11-11' and stamped_at < '2025-11-12';
select count(*) from scaling.monthly where stamped_at >= '2025-11-11' and stamped_at < '2025-11-12';

\echo a month ahead, and an old one away
create table scaling.monthly_2026_01 partition of scaling.monthly for values from ('2026-01-01 00:00+00') to ('2026-02-01 00:00+00');
alter table scaling.monthly detach partition scaling.monthly_2025_01 concurrently;
