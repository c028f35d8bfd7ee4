-- One row: when the history opens, up to which moment it is final, when its last entry was
-- stamped, and what time it is.

select
    (
        select min(changes.applied_at)
        from earnings.changes as changes
        where changes.name in ('history opened', 'history first opened')
    ) as opened_at,
    earnings.final_until() as final_until,
    (select max(transitions.stamped_at) from earnings.transitions as transitions) as last_stamped_at,
    clock_timestamp() as asked_at;
