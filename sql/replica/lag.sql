-- On the replica: which tables are still being copied, and how far what is here is behind the clock.

select
    count(*) filter (where tables.srsubstate <> 'r') as tables_being_copied,
    earnings.final_until() as final_until,
    now() - earnings.final_until() as behind
from pg_catalog.pg_subscription_rel as tables;
