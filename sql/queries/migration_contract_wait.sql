-- Whether the migration has rested long enough for contract, and until when it has to.

select
    max(last_write_at) + earnings.setting('contract_wait')::interval <= now(),
    to_char(
        (max(last_write_at) + earnings.setting('contract_wait')::interval) at time zone 'UTC',
        'YYYY-MM-DD HH24:MI "UTC"'
    )
from earnings_migration.steps
where step <> 'contract';
