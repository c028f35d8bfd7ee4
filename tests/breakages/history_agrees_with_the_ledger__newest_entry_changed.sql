update earnings.transitions
set gross_amount_cents = gross_amount_cents + 1, net_amount_cents = net_amount_cents + 1
where id = (
        select max(newest.id)
        from earnings.transitions as newest
        where newest.event = 'created'
            and not exists (
                select
                from earnings.transitions as later
                where later.earnings_id = newest.earnings_id and later.id > newest.id
            )
    )
returning earnings_id
