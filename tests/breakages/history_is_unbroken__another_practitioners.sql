-- Also  history_agrees_with_the_ledger
update earnings.transitions
set practitioner_id = (select max(id) from practitioners_practitioner)
where id = (
        select max(newest.id)
        from earnings.transitions as newest
        where newest.event not in ('opening', 'created')
            and not exists (
                select
                from earnings.transitions as later
                where later.earnings_id = newest.earnings_id and later.id > newest.id
            )
    )
returning id
