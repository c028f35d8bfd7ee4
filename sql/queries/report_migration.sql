-- One row per step, table, operation, reason, currency and change of status.

select
    step,
    table_name,
    operation,
    reason,
    currency,
    from_status,
    to_status,
    row_count,
    reverted_count,
    net_cents
from reconciliation.migration_summary
order by step, table_name, reason, currency, from_status nulls first, to_status nulls first
