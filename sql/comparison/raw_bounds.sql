-- One row: when the history opens, up to which moment it is final, when its last entry was
-- stamped, and what time it is.

select
    (select min(changes.applied_at) from earnings.changes as changes) as opened_at,
    (
        select max(heartbeats.beaten_at)
        from earnings.heartbeats as heartbeats
        where heartbeats.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    ) as final_until,
    (select max(transitions.stamped_at) from earnings.transitions as transitions) as last_stamped_at,
    clock_timestamp() as asked_at;
