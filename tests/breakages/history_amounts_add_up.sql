update earnings.transitions
set gross_amount_cents = gross_amount_cents + 100
where id = (
        select min(middle.id)
        from earnings.transitions as middle
        inner join earnings.transitions as later
            on middle.earnings_id = later.earnings_id and middle.stamped_at < later.stamped_at
        where middle.event <> 'opening'
    )
returning id
