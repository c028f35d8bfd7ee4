update earnings.transitions
set stamped_at = now() + interval '1 hour'
where id = (
        select max(newest.id)
        from earnings.transitions as newest
        where not exists (
                select
                from earnings.transitions as later
                where later.earnings_id = newest.earnings_id and later.id > newest.id
            )
    )
returning id
